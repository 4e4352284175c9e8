import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { LaneSet } from '../../../src/downstream/lanes.ts';
import { PacePool } from '../../../src/downstream/pace.ts';
import { Session } from '../../../src/downstream/session.ts';
import type { SessionContext } from '../../../src/downstream/session-context.ts';
import { PoolCounters } from '../../../src/observe/counters.ts';
import type { RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { NO_NODE } from '../../../src/routing/topology.ts';
import { tick } from '../../../src/util/clock.ts';
import { Memory } from '../../../src/util/memory.ts';
import { Patience } from '../../../src/util/patience.ts';
import type { Rester } from '../../../src/util/rests.ts';
import { LINGER_MAX, Turn } from '../../../src/util/turn.ts';
import { until } from '../../support/wait.ts';

const PONG = Buffer.from('+PONG\r\n');
const REQUEST = '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n';

/** A session with a real client; `dispatch` gets its requests. */
async function setup(t: Test, dispatch: (session: Session) => void) {
  const server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', noDelay: true });
  client.on('error', () => {});
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const set = { identity: { protocol: 2, database: 0 }, lanes: [], sessions: 0 } as unknown as LaneSet;
  const turn = new Turn();
  const reasons: (string | null)[] = [];
  const context = {
    limits: { bulkMax: 1e8, queryBytesMax: 1e8, inFlightMax: 1024, unsentBytesMax: 1e6 },
    routing: null,
    forward: (_session: Session, _scanner: RequestScanner, _src: Buffer, from: number) => from,
    lanes: { first: set, enter: () => set, enterFirst: () => set, keep: () => {}, leave: () => {} },
    counters: new PoolCounters(1),
    turn,
    patience: new Patience(),
    authRequired: false,
    memory: new Memory(1e9),
    pace: new PacePool(),
    closed: ({ disconnected }: Session) => reasons.push(disconnected?.reason ?? null),
    route: () => NO_NODE,
    dispatch,
  } as unknown as SessionContext<Session>;
  const session = new Session(1, accepted, context);
  t.teardown(() => {
    session.destroy(null);
    client.destroy();
    server.close();
  });
  return { session, client, turn, reasons };
}

t.test('a client that sends a request in every turn is answered nevertheless', async (t) => {
  let owed: number[] = [];
  let answered = 0;
  // The node's reply to the last request comes in the same turn, just before the next request is read.
  const { client } = await setup(t, (session) => {
    for (const token of owed) session.onReply(token, PONG, 0, PONG.length, false);
    answered += owed.length;
    owed = [session.open()];
  });
  let received = 0;
  client.on('data', (bytes) => {
    received += bytes.length / PONG.length;
  });
  // Where so many bytes wait they leave in any case.
  while (received === 0 && answered * PONG.length < LINGER_MAX / 2) {
    client.write(REQUEST);
    const busy = performance.now() + 0.2;
    while (performance.now() < busy);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(received > 0, `${answered} replies are there, ${received} were sent`);
});

t.test('a client that stops in the middle of a request is disconnected, one that has to wait until it is read from is not', async (t) => {
  const { session, client, turn, reasons } = await setup(t, () => {});
  // Whoever has brought its share of a turn rests for as long as this test likes.
  let resting: Rester | null = null;
  turn.rests.enter = (rester) => {
    resting = rester;
  };
  client.write(`*2\r\n$3\r\nGET\r\n$4000000\r\n${'k'.repeat(3_000_000)}`);
  await until(() => resting !== null, 'the client to rest');
  const later = (): void => {
    const from = tick();
    while (tick() < from + 2);
  };
  later();
  session.expire(1, 1e9);
  t.equal(session.socket.destroyed, false, 'keyfan does not read');
  turn.rests.enter = (rester) => rester.wake();
  (resting as unknown as Rester).wake();
  await until(() => session.queryBytes > 2_900_000, 'all to be read');
  later();
  session.expire(1, 1e9);
  t.equal(session.socket.destroyed, true);
  await until(() => reasons.length > 0, 'the end');
  t.strictSame(reasons, ['request_timeout']);
});
