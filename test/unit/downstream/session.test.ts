import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import type { LaneSet } from '../../../src/downstream/lanes.ts';
import { PacePool } from '../../../src/downstream/pace.ts';
import { Session } from '../../../src/downstream/session.ts';
import type { SessionContext } from '../../../src/downstream/session-context.ts';
import { PoolCounters } from '../../../src/observe/counters.ts';
import type { RequestScanner } from '../../../src/protocol/request-scanner.ts';
import { Memory } from '../../../src/util/memory.ts';
import { Patience } from '../../../src/util/patience.ts';
import { LINGER_MAX, Turn } from '../../../src/util/turn.ts';

const PONG = Buffer.from('+PONG\r\n');
const REQUEST = '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n';

t.test('a client that sends a request in every turn is answered nevertheless', async (t) => {
  const server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', noDelay: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  let owed: number[] = [];
  let answered = 0;
  const set = { identity: { protocol: 2, database: 0 }, lanes: [], sessions: 0 } as unknown as LaneSet;
  const context = {
    limits: { bulkMax: 1e6, queryBytesMax: 1e6, inFlightMax: 1024, unsentBytesMax: 1e6 },
    routing: null,
    forward: (_session: Session, _scanner: RequestScanner, _src: Buffer, from: number) => from,
    lanes: { first: set, enter: () => set, leave: () => {} },
    counters: new PoolCounters(1),
    turn: new Turn(),
    patience: new Patience(),
    authRequired: false,
    memory: new Memory(1e9),
    pace: new PacePool(),
    closed: () => {},
    route: () => null,
    // The node's reply to the last request comes in the same turn, just before the next request is read.
    dispatch: (session: Session) => {
      for (const token of owed) session.onReply(token, PONG, 0, PONG.length, false);
      answered += owed.length;
      owed = [session.open()];
    },
  } as unknown as SessionContext<Session>;
  const session = new Session(1, accepted, context);
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
  session.destroy(null);
  client.destroy();
  server.close();
});
