import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type Handed, Handout, type HandoutOptions, type Taker } from '../../../src/runtime/handout.ts';
import { until } from '../../support/wait.ts';

/** Notes what it is handed, and says that it has it only when told to. */
class Desk implements Taker {
  readonly got: Handed[] = [];
  refused = 0;

  hand(client: Handed): void {
    this.got.push(client);
  }

  /** The client it was handed last; 0 where there is none. */
  get lastId(): number {
    return this.got.at(-1)?.id ?? 0;
  }
}

async function setUp(t: Test, options: Partial<HandoutOptions> = {}) {
  const handout = new Handout<Desk>({ clientsMax: { a: 1000, b: 1000 }, waitMs: 60_000, ...options });
  const arrived: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => arrived.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clients: Socket[] = [];
  t.teardown(() => {
    handout.close();
    server.close();
    for (const socket of [...clients, ...arrived]) socket.destroy();
  });
  /** A client comes; resolves with its own end. */
  const come = async (pool = 'a'): Promise<Socket> => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => {});
    client.resume();
    clients.push(client);
    const socket = await until(() => arrived.pop(), 'the client to arrive');
    handout.offer(pool, socket);
    return client;
  };
  return { handout, come };
}

t.test('each client goes to the worker that has the fewest', async (t) => {
  const { handout, come } = await setUp(t);
  const [one, two] = [new Desk(), new Desk()];
  handout.join(one);
  handout.join(two);
  for (let i = 0; i < 10; i++) {
    await come();
    handout.taken(one, one.lastId);
    handout.taken(two, two.lastId);
  }
  t.same([one.got.length, two.got.length], [5, 5]);
  handout.clientsGone(one, 'a', 3);
  for (let i = 0; i < 3; i++) {
    await come();
    handout.taken(one, one.lastId);
  }
  t.same([one.got.length, two.got.length], [8, 5], 'to the one whose clients have gone');
  const three = new Desk();
  handout.join(three);
  for (let i = 0; i < 5; i++) {
    await come();
    handout.taken(three, three.lastId);
  }
  t.equal(three.got.length, 5, 'one that is new gets them until it has as many as the others');
});

t.test('pools are spread each for itself', async (t) => {
  const { handout, come } = await setUp(t);
  const [one, two] = [new Desk(), new Desk()];
  handout.join(one);
  handout.join(two);
  for (const pool of ['a', 'b', 'a', 'b', 'b', 'a', 'a', 'b']) {
    await come(pool);
    handout.taken(one, one.lastId);
    handout.taken(two, two.lastId);
  }
  for (const desk of [one, two]) for (const pool of ['a', 'b']) t.equal(desk.got.filter((client) => client.pool === pool).length, 2);
});

t.test('ids count up over all workers, and over those that come later', async (t) => {
  const { handout, come } = await setUp(t);
  const desks = [new Desk(), new Desk(), new Desk()];
  for (const desk of desks) {
    handout.join(desk);
    for (let i = 0; i < 4; i++) {
      await come();
      for (const each of desks) handout.taken(each, each.lastId);
    }
    handout.leave(desk);
    handout.gone(desk);
  }
  t.same(
    desks.flatMap((desk) => desk.got.map(({ id }) => id)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  );
});

t.test('one client at a time is on its way to a worker', async (t) => {
  const { handout, come } = await setUp(t);
  const desk = new Desk();
  handout.join(desk);
  await come();
  await come();
  await come();
  t.equal(desk.got.length, 1);
  handout.taken(desk, desk.lastId);
  t.equal(desk.got.length, 2);
  handout.taken(desk, desk.lastId);
  t.equal(desk.got.length, 3);
});

t.test('a worker that does not take is passed over, and gets clients again once it does', async (t) => {
  const { handout, come } = await setUp(t);
  const [stuck, well] = [new Desk(), new Desk()];
  handout.join(stuck);
  await come();
  handout.join(well);
  for (let i = 0; i < 4; i++) {
    await come();
    await until(() => well.got.length === i + 1, 'the other one to get it');
    handout.taken(well, well.lastId);
  }
  t.equal(stuck.got.length, 1);
  handout.taken(stuck, stuck.lastId);
  await come();
  t.equal(stuck.got.length, 2);
});

t.test('without a worker clients wait, then are served in order', async (t) => {
  const { handout, come } = await setUp(t);
  const clients = [await come('a'), await come('b')];
  const desk = new Desk();
  handout.join(desk);
  handout.taken(desk, desk.lastId);
  t.same(
    desk.got.map(({ pool }) => pool),
    ['a', 'b'],
  );
  t.ok(clients.every((client) => !client.destroyed));
});

t.test('who has waited too long is let go', async (t) => {
  const { handout, come } = await setUp(t, { waitMs: 20 });
  const client = await come();
  await until(() => client.destroyed, 'it to be let go');
  const desk = new Desk();
  handout.join(desk);
  t.same(desk.got, []);
});

t.test('the limit is one for all workers, those that drain included', async (t) => {
  const { handout, come } = await setUp(t, { clientsMax: { a: 4, b: 1 } });
  const [one, two] = [new Desk(), new Desk()];
  handout.join(one);
  handout.join(two);
  const more = async (count: number, pool = 'a') => {
    for (let i = 0; i < count; i++) {
      await come(pool);
      for (const desk of [one, two]) {
        handout.taken(desk, desk.lastId);
        // Who is told that the pool is full goes at once.
        for (; desk.refused < desk.got.filter((client) => client.full).length; desk.refused++) handout.clientsGone(desk, pool, 1);
      }
    }
  };
  const full = () => [one, two].map((desk) => desk.got.filter((client) => client.pool === 'a').map((client) => client.full));
  await more(4);
  t.same(full(), [
    [false, false],
    [false, false],
  ]);
  await more(1, 'b');
  t.equal([...one.got, ...two.got].at(-1)?.full, false, 'each pool has its own');
  handout.leave(two);
  await more(1);
  t.same(full()[0], [false, false, true]);
  handout.clientsGone(one, 'a', 1);
  handout.clientsGone(two, 'a', 1);
  await more(3);
  t.same(full()[0]?.slice(3), [false, false, true]);
  handout.gone(two);
  await more(2);
  t.same(full()[0]?.slice(6), [false, true], 'the clients of one that is gone went with it');
});

t.test('a client stays open here until it is taken, by one that drains too', async (t) => {
  const { handout, come } = await setUp(t);
  const desk = new Desk();
  handout.join(desk);
  const first = await come();
  handout.leave(desk);
  t.equal(first.destroyed, false);
  handout.taken(desk, desk.lastId);
  await until(() => first.destroyed, 'our end to be closed: here nobody else has it');
});

t.test('who was on the way to a worker that dies is closed, not given to another', async (t) => {
  const { handout, come } = await setUp(t);
  const [one, two] = [new Desk(), new Desk()];
  handout.join(one);
  const lost = await come();
  handout.join(two);
  handout.leave(one);
  handout.gone(one);
  await until(() => lost.destroyed, 'it to be closed');
  t.same(two.got, []);
  await come();
  t.equal(two.got.length, 1);
});

t.test(
  'a client that does not arrive is given up; the worker gets others, and its count is right again when it arrives after all',
  async (t) => {
    const { handout, come } = await setUp(t, { arrivalMs: 20, clientsMax: { a: 2 } });
    const desk = new Desk();
    handout.join(desk);
    const lost = await come();
    await until(() => lost.destroyed, 'it to be closed');
    const second = await come();
    t.same(
      desk.got.map(({ id, full }) => [id, full]),
      [
        [1, false],
        [2, false],
      ],
    );
    handout.taken(desk, 1);
    t.equal(second.destroyed, false, 'this was not about the second one');
    handout.taken(desk, 2);
    await come();
    t.same(desk.got[2], { pool: 'a', id: 3, full: true }, 'both count');
  },
);

t.test('closing lets everybody go', async (t) => {
  const { handout, come } = await setUp(t);
  const waiting = await come();
  handout.close();
  await until(() => waiting.destroyed, 'the one that waits to be closed');
  const late = await come();
  await until(() => late.destroyed, 'a late one to be closed');
});
