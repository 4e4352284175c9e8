import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

/** Row 17. Conversations in orders that no sane client has: keyfan's bytes are those of a plain Redis, or the difference is a refusal that says so. */

const [fleet, plain] = await Promise.all([startFleet(), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

/** So long an answer is waited for. */
const QUIET_MS = 25;
const STEP_MS = 4;

/** Lines of requests; `|` separates those that are sent in one write, `2> ` begins what a second client says. */
const CONVERSATIONS: readonly (readonly string[])[] = [
  ['EXEC', 'DISCARD', 'MULTI', 'MULTI', 'SET {t}k 1', 'EXEC', 'GET {t}k'],
  ['MULTI', 'WATCH {t}k', 'SET {t}k 1', 'EXEC'],
  ['MULTI', 'SET {t}k 1', 'RESET', 'EXEC', 'GET {t}k'],
  ['MULTI', 'UNWATCH', 'EXEC', 'UNWATCH', 'DISCARD', 'MULTI x', 'DISCARD x', 'EXEC x'],
  ['MULTI', 'NOSUCH', 'EXEC', 'PING', 'MULTI', 'GET', 'EXEC', 'MULTI', 'OBJECT FOO x', 'EXEC', 'MULTI', 'EXEC x', 'EXEC'],
  ['MULTI', 'PUBLISH {t}c hi', 'SET {t}k 1', 'SPUBLISH {t}c x', 'EXEC', 'MULTI', 'PING', 'ECHO x', 'TIME x', 'EXEC'],
  ['MULTI', 'BLPOP {t}none 0', 'XREAD BLOCK 0 STREAMS {t}x $', 'BLMOVE {t}a {t}b LEFT RIGHT 0', 'EXEC', 'MULTI', 'QUIT'],
  ['SUBSCRIBE a b a', 'UNSUBSCRIBE a', 'UNSUBSCRIBE', 'PING', 'PING x'],
  ['PSUBSCRIBE a* b*', 'SUBSCRIBE x', 'PING', 'PING hello', 'PING a b', 'GET {t}x', 'HELLO 3 x', 'RESET', 'PING'],
  ['SSUBSCRIBE {t}a', 'SUBSCRIBE x', 'SUNSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE q', 'UNSUBSCRIBE a b', 'GET {t}x'],
  ['SUBSCRIBE a', 'MULTI', 'GET {t}x', 'EXEC', 'RESET', 'WATCH {t}k', '2> SET {t}k 3', 'RESET', 'MULTI', 'GET {t}k', 'EXEC'],
  ['SET {t}k 1', 'WATCH {t}k', '2> FLUSHALL', 'MULTI', 'PING', 'EXEC', 'WATCH {t}k', '2> SET {t}k 3', 'MULTI', 'NOSUCH', 'EXEC'],
  ['SUBSCRIBE ch', '2> PUBLISH ch hello', '2> PUBLISH none x', 'PING', 'MULTI', 'QUIT'],
  ['SUBSCRIBE ch|PING|UNSUBSCRIBE|PING|GET {t}x', 'PING'],
  [
    'SUBSCRIBE a b __keyspace@0__:foo',
    '2> PUBSUB NUMSUB a b c __keyspace@0__:foo',
    '2> PUBSUB CHANNELS __*',
    '2> PUBLISH __keyspace@0__:foo x',
  ],
  ['CLIENT REPLY OFF', 'PING', 'RESET', 'PING'],
  ['CLIENT REPLY SKIP', 'RESET', 'PING'],
  ['CLIENT REPLY OFF', 'SUBSCRIBE a', 'PSUBSCRIBE b*', '2> PUBLISH a hi', 'UNSUBSCRIBE a', 'PUNSUBSCRIBE', 'CLIENT REPLY ON', 'PING'],
  ['CLIENT REPLY SKIP|SUBSCRIBE a|PING', 'UNSUBSCRIBE', 'CLIENT REPLY SKIP|SSUBSCRIBE {t}a|PING'],
  ['CLIENT REPLY SKIP|NOSUCH|PING', 'CLIENT REPLY SKIP|GET|PING', 'CLIENT REPLY x', 'CLIENT REPLY SKIP|CLIENT REPLY SKIP|PING|PING'],
  ['CLIENT REPLY OFF|GET|NOSUCH|CLIENT REPLY SKIP|PING|PING|CLIENT REPLY ON|PING', 'CLIENT REPLY SKIP|CLIENT REPLY ON|PING'],
  ['CLIENT REPLY SKIP|MULTI|SET {t}k 1|EXEC', 'CLIENT REPLY OFF|MULTI|SET {t}k 2|EXEC|CLIENT REPLY ON', 'GET {t}k'],
];

/** Both clients of a server, and all that they have been told. */
class Side {
  readonly clients: readonly RespClient[];

  constructor(clients: readonly RespClient[]) {
    this.clients = clients;
  }

  heard(): string[] {
    return this.clients.map((client) => client.received().toString('latin1'));
  }
}

async function side(port: number, version: string): Promise<Side> {
  const clients = await Promise.all([connectResp(port), connectResp(port)]);
  await clients[0]?.command('FLUSHALL');
  // HELLO tells the id of the client, which no two servers have in common.
  if (version === '3') await clients[0]?.command('HELLO', '3');
  return new Side(clients);
}

const withoutId = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/\$2\r\nid\r\n:\d+/, ''));

for (const version of ['2', '3']) {
  for (const lines of CONVERSATIONS) {
    t.test(`row 17: in RESP${version}: ${lines.join(', ')}`, async (t) => {
      const [ours, theirs] = await Promise.all([side(fleet.port, version), side(plain.port, version)]);
      for (const line of lines) {
        const who = line.startsWith('2> ') ? 1 : 0;
        const before = theirs.heard().join().length;
        for (const { clients } of [ours, theirs]) clients[who]?.send(`${line.replace('2> ', '').replaceAll('|', '\r\n')}\r\n`);
        // Some are answered with nothing.
        for (let waited = 0; waited < QUIET_MS && theirs.heard().join().length === before; waited += STEP_MS) await sleep(STEP_MS);
        const alike = (): boolean => withoutId(ours.heard()).join() === withoutId(theirs.heard()).join();
        await until(
          async () => alike() && (await sleep(STEP_MS, true)) && alike(),
          () => `${line}: ${withoutId(ours.heard())}`,
          2000,
        ).catch(() => {});
        t.same(withoutId(ours.heard()), withoutId(theirs.heard()), line);
      }
      await Promise.all([...ours.clients, ...theirs.clients].map((client) => client.close()));
    });
  }
}
