import t from 'tap';
import type { CommandRow } from '../../../src/command/row.ts';
import { rowByName } from '../../../src/command/table.ts';
import { joined, type Paused, Pauses } from '../../../src/downstream/pauses.ts';

const SET = rowByName('set') as CommandRow;

class Client implements Paused {
  onHold = false;
  woken = 0;
  transaction: { writes: boolean } | null = null;
  park(): void {}
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
