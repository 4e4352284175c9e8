import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const [fleet, plain] = await Promise.all([startFleet(), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

const keys = [0, 1, 2].map((node) => fleet.keyOn(node));

async function inResp3(port: number): Promise<RespClient> {
  const client = await connectResp(port);
  await client.command('HELLO', '3');
  return client;
}

const invalidated = (key: string): string => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$${key.length}\r\n${key}\r\n`;

t.test('what was read on any node and is changed by others is told, once', async (t) => {
  const [client, other] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  await other.command('MSET', ...keys.flatMap((key) => [key, '1']));
  t.equal((await client.command('CLIENT', 'TRACKING', 'ON')).text, '+OK\r\n');
  for (const key of keys) t.equal((await client.command('GET', key)).value, '1');
  t.equal((await client.command('MGET', ...keys)).text, `*3\r\n${'$1\r\n1\r\n'.repeat(3)}`);
  for (const key of keys) await other.command('SET', key, '2');
  for (const key of keys) await until(() => client.received().includes(invalidated(key)), `the invalidation of ${key}`);
  await other.command('SET', keys[0] as string, '3');
  t.equal(client.received().toString().split('invalidate').length - 1, 3, 'nothing was read since');
  t.equal((await client.command('CLIENT', 'GETREDIR')).text.startsWith('>'), true, 'pushes stand between replies');
  await Promise.all([client.close(), other.close()]);
});

t.test("options, errors and what TRACKINGINFO says, as Redis' own", async (t) => {
  const sequences = [
    ['TRACKING ON', 'TRACKINGINFO', 'GETREDIR', 'TRACKING OFF', 'TRACKINGINFO', 'GETREDIR'],
    ['TRACKING ON BCAST PREFIX a PREFIX b', 'TRACKINGINFO', 'TRACKING ON', 'TRACKING OFF'],
    ['TRACKING ON OPTIN', 'CACHING YES', 'CACHING NO', 'CACHING x', 'TRACKINGINFO'],
    ['TRACKING FOO', 'TRACKING ON FOO', 'TRACKING OFF', 'CACHING YES', 'TRACKING ON PREFIX a'],
  ];
  for (const sequence of sequences) {
    const [ours, theirs] = await Promise.all([inResp3(fleet.port), inResp3(plain.port)]);
    for (const request of sequence) {
      const [mine, wanted] = await Promise.all([ours, theirs].map((client) => client.command('CLIENT', ...request.split(' '))));
      t.equal(mine?.text, wanted?.text, `${sequence}: ${request}`);
    }
    await Promise.all([ours.close(), theirs.close()]);
  }
});

t.test('BCAST with a prefix, NOLOOP, and off again', async (t) => {
  const [client, other] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  t.equal((await client.command('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'key:', 'NOLOOP')).text, '+OK\r\n');
  await client.command('SET', keys[1] as string, 'mine');
  for (const key of [keys[0], keys[2], 'another'] as string[]) await other.command('SET', key, 'x');
  for (const key of [keys[0], keys[2]] as string[]) await until(() => client.received().includes(key), `the invalidation of ${key}`);
  t.notOk(client.received().includes(invalidated(keys[1] as string)), 'its own writes are not told');
  t.notOk(client.received().includes('another'));
  await Promise.all([client.close(), other.close()]);
});

t.test('transactions, scripts and blocking commands go on as usual', async (t) => {
  const [client, other] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  const key = keys[0] as string;
  await client.command('CLIENT', 'TRACKING', 'ON', 'NOLOOP');
  await client.command('WATCH', key);
  t.equal((await client.pipeline([['MULTI'], ['SET', key, '1'], ['EXEC']])).at(-1)?.text, '*1\r\n+OK\r\n');
  t.equal((await client.command('EVAL', "return redis.call('get', KEYS[1])", '1', key)).text, '$1\r\n1\r\n');
  t.equal((await client.command('BLPOP', 'none', '0.01')).text, '_\r\n');
  await client.command('GET', key);
  await other.command('SET', key, 'other');
  await until(() => client.received().includes(invalidated(key)), 'still tracked');
  t.match((await client.read(1))[0]?.text, /invalidate/);
  t.match((await client.command('SELECT', '1')).text, /^-ERR keyfan: 'select' is not supported while CLIENT TRACKING is on/);
  t.match((await client.command('HELLO', '2')).text, /^-ERR keyfan: another protocol is not supported/);
  await Promise.all([client.close(), other.close()]);
});

t.test('a node is lost: the client is disconnected, since it cannot know what it missed', async (t) => {
  const lossy = await startFleet();
  const client = await inResp3(lossy.port);
  await client.command('CLIENT', 'TRACKING', 'ON');
  await lossy.nodes[2]?.kill();
  await client.closed;
  t.equal((await lossy.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'tracking_lost' }), 1);
  await lossy.stop();
});

t.test('not in RESP2, and not with REDIRECT or OPTOUT', async (t) => {
  const client = await fleet.connect();
  t.match((await client.command('CLIENT', 'TRACKING', 'ON')).text, /^-ERR keyfan: .* is not supported in RESP2/);
  await client.command('HELLO', '3');
  for (const option of ['REDIRECT', 'OPTOUT']) {
    t.match(
      (await client.command('CLIENT', 'TRACKING', 'ON', option, '1')).text,
      new RegExp(`^-ERR keyfan: .* with ${option} is not supported`),
    );
  }
  await client.close();
});
