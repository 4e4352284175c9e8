import t, { type Test } from 'tap';
import type { CommandRow } from '../../../src/command/row.ts';
import { rowByName } from '../../../src/command/table.ts';
import { joined, type Pause, type Paused, type PauseOrder, Pauses } from '../../../src/downstream/pauses.ts';
import { until } from '../../support/wait.ts';

const SET = rowByName('set') as CommandRow;

class Client implements Paused {
  onHold = false;
  parked = 0;
  woken = 0;
  transaction: { writes: boolean } | null = null;
  park(): void {
    this.parked++;
  }
  onLaneReady(): void {
    this.woken++;
  }
}

t.test('a client that has left during a pause is forgotten, and not woken at its end', async (t) => {
  const pauses = new Pauses(
    () => {},
    () => {},
  );
  t.teardown(() => pauses.end());
  pauses.follow({ until: Date.now() + 60_000, mode: 'all' });
  const [stays, leaves] = [new Client(), new Client()];
  for (const client of [stays, leaves]) t.ok(pauses.holds(client, SET));
  pauses.forget(leaves);
  pauses.end();
  t.same([stays.onHold, stays.woken], [false, 1]);
  t.equal(leaves.woken, 0);
});

t.test('a pause that goes on is made neither shorter nor weaker', async (t) => {
  const now = Date.now();
  const later = (ms: number, mode: 'all' | 'write') => ({ until: now + ms, mode });
  t.same(joined(null, later(1000, 'write')), later(1000, 'write'));
  t.same(joined(later(60_000, 'all'), later(1000, 'write')), later(60_000, 'all'));
  t.same(joined(later(1000, 'write'), later(60_000, 'all')), later(60_000, 'all'));
  t.same(joined(later(1000, 'write'), later(2000, 'write')), later(2000, 'write'));
  t.same(joined(later(-1, 'all'), later(1000, 'write')), later(1000, 'write'), 'one that is over');
  t.equal(joined(later(1000, 'all'), null), null);
});

t.test('a pause of writes holds what Redis may tell replicas', async (t) => {
  const pauses = new Pauses(
    () => {},
    () => {},
  );
  t.teardown(() => pauses.end());
  pauses.follow({ until: Date.now() + 60_000, mode: 'write' });
  const held = (name: string, writes: boolean | null = null): boolean => {
    const client = new Client();
    client.transaction = writes === null ? null : { writes };
    return pauses.holds(client, rowByName(name) as CommandRow);
  };
  for (const name of ['set', 'eval', 'blpop', 'pfcount', 'publish', 'spublish']) t.ok(held(name), name);
  for (const name of ['get', 'eval_ro', 'multi', 'watch', 'unwatch', 'discard', 'exec', 'client']) t.notOk(held(name), name);
  t.ok(held('exec', true), 'a transaction that writes');
  t.notOk(held('exec', false), 'one that only reads');
});

/** Pauses that end with the test; how often they were told to have changed, and what was passed on to other processes. */
function setup(t: Test) {
  const changes: boolean[] = [];
  const told: Pause[] = [];
  const pauses = new Pauses(
    () => changes.push(pauses.active),
    (pause) => told.push(pause),
  );
  t.teardown(() => pauses.end());
  return { pauses, changes, told };
}

const inMs = (ms: number, mode: 'all' | 'write' = 'all'): PauseOrder => ({ until: Date.now() + ms, mode });

t.test('what is ordered here is told to others, what is followed is not', async (t) => {
  const { pauses, changes, told } = setup(t);
  const order = inMs(60_000);
  pauses.order(order);
  t.strictSame([changes, told], [[true], [order]]);
  pauses.follow(null);
  t.strictSame([changes, told], [[true, false], [order]]);
  pauses.order(null);
  t.strictSame(told, [order, null]);
});

t.test('a pause that is over before it comes is none', async (t) => {
  const { pauses, changes } = setup(t);
  pauses.follow(inMs(-1));
  t.strictSame([changes, pauses.active], [[], false]);
});

t.test('the end comes by itself, in the order in which clients were held', async (t) => {
  const { pauses, changes } = setup(t);
  pauses.follow(inMs(20));
  const order: number[] = [];
  const clients = [0, 1, 2].map((i) => Object.assign(new Client(), { onLaneReady: () => order.push(i) }));
  for (const i of [1, 0, 2]) t.ok(pauses.holds(clients[i] as Client, SET));
  t.same(
    clients.map(({ onHold, parked }) => [onHold, parked]),
    [0, 1, 2].map(() => [true, 1]),
  );
  await until(() => !pauses.active, 'the end');
  t.strictSame(
    [order, changes],
    [
      [1, 0, 2],
      [true, false],
    ],
  );
  pauses.end();
  t.equal(order.length, 3, 'nobody is held any more');
  t.notOk(clients.some(({ onHold }) => onHold));
});

t.test('a later order makes it longer: the first time is not its end', async (t) => {
  const { pauses } = setup(t);
  const client = new Client();
  const first = inMs(10);
  pauses.follow(first);
  pauses.follow(inMs(60_000));
  t.ok(pauses.holds(client, SET));
  pauses.follow(inMs(5));
  await until(() => Date.now() > first.until + 20, 'the time of the first');
  t.ok(pauses.active && client.onHold);
  t.equal(client.woken, 0);
});

t.test('a pause of writes that becomes one of all holds reads, and not the other way round', async (t) => {
  const { pauses } = setup(t);
  const get = rowByName('get') as CommandRow;
  pauses.follow(inMs(60_000, 'write'));
  t.notOk(pauses.holds(new Client(), get));
  pauses.follow(inMs(1000, 'all'));
  t.ok(pauses.holds(new Client(), get));
  pauses.follow(inMs(120_000, 'write'));
  t.ok(pauses.holds(new Client(), get));
  t.notOk(pauses.holds(new Client(), rowByName('client') as CommandRow), 'whoever is to end it');
});

t.test('a pause that ends is followed by one as ordered, not by what is left of it', async (t) => {
  const { pauses } = setup(t);
  pauses.follow(inMs(60_000, 'all'));
  pauses.end();
  pauses.follow(inMs(60_000, 'write'));
  t.notOk(pauses.holds(new Client(), rowByName('get') as CommandRow));
});

t.test('a client that is woken and held again waits for the next end', async (t) => {
  const { pauses } = setup(t);
  pauses.follow(inMs(60_000));
  const client = Object.assign(new Client(), {
    onLaneReady(this: Client) {
      this.woken++;
      if (this.woken > 1) return;
      pauses.follow(inMs(60_000));
      pauses.holds(this, SET);
    },
  });
  pauses.holds(client, SET);
  pauses.holds(client, SET);
  pauses.end();
  t.same([client.woken, client.onHold], [1, true]);
  pauses.end();
  t.same([client.woken, client.onHold], [2, false]);
});

t.test('a pause longer than the longest timer does not end at once', async (t) => {
  const { pauses } = setup(t);
  const fires = new Promise((resolve) => setTimeout(resolve, 5));
  pauses.follow(inMs(2 ** 40));
  await fires;
  t.ok(pauses.active);
});
