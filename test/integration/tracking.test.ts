import { createHash } from 'node:crypto';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
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

t.test("PING's answer comes behind the invalidations of all writes before it", async (t) => {
  const [client, other] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  await client.command('CLIENT', 'TRACKING', 'ON');
  let early = 0;
  for (let i = 0; i < 300; i++) {
    const key = keys[i % 3] as string;
    await client.command('GET', key);
    await other.command('SET', key, String(i));
    client.send('PING\r\n');
    await client.read(2);
    if (
      !client
        .received()
        .toString()
        .endsWith(`${invalidated(key)}+PONG\r\n`)
    )
      early++;
  }
  t.equal(early, 0);
  t.equal((await client.command('PING', 'hello')).text, '$5\r\nhello\r\n');
  await Promise.all([client.close(), other.close()]);
});

t.test('PING finds out that a node is away whose invalidations would be missed', async (t) => {
  const away = await startFleet({ nodes: 2, pool: { timeouts: { request: '200ms' } } });
  t.teardown(() => away.stop());
  const client = await inResp3(away.port);
  await client.command('CLIENT', 'TRACKING', 'ON');
  for (const node of [0, 1]) await client.command('GET', away.keyOn(node));
  await away.nodes[1]?.pause();
  client.send('PING\r\n');
  t.notMatch((await client.waitClosed()).toString(), 'PONG');
  t.equal((await away.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'tracking_lost' }), 1);
  away.nodes[1]?.resume();
  await client.close();
});

t.test('an invalidation does not overtake a reply that it is about', async (t) => {
  const other = await fleet.connect();
  const [slow, quick] = [fleet.keyOn(0, 7), fleet.keyOn(1, 7)];
  await other.command('MSET', slow, 'x', quick, '1');
  for (const [requests, replies] of [
    [`GET ${slow}\r\nGET ${quick}\r\n`, '$1\r\nx\r\n$1\r\n1\r\n'],
    [`MGET ${quick} ${slow}\r\n`, '*2\r\n$1\r\n1\r\n$1\r\nx\r\n'],
  ] as const) {
    await other.command('SET', quick, '1');
    const client = await inResp3(fleet.port);
    await client.command('CLIENT', 'TRACKING', 'ON');
    const before = client.received().length;
    await fleet.nodes[0]?.pause();
    client.send(requests);
    // Behind the read: the node has answered that.
    await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight', { node: 'a' }) > 0, 'the requests to be sent');
    await other.command('SET', quick, '2');
    await other.command('GET', quick);
    fleet.nodes[0]?.resume();
    await until(() => client.received().length >= before + replies.length + invalidated(quick).length, 'all of it');
    t.equal(client.received().subarray(before).toString(), replies + invalidated(quick), requests);
    await client.close();
  }
  await other.close();
});

t.test('an invalidation does not wait for a request that its client is still sending', async () => {
  const [client, other, key] = [await inResp3(fleet.port), await fleet.connect(), keys[1] as string];
  await client.command('CLIENT', 'TRACKING', 'ON');
  await client.command('GET', key);
  const set = encode(['SET', fleet.keyOn(1, 5), 'v'.repeat(3_000_000)]);
  client.send(set.subarray(0, 2_500_000));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_queued_bytes') === 0, 'what has come to be passed on');
  await other.command('SET', key, 'new');
  await until(() => client.received().includes(invalidated(key)), 'the invalidation');
  client.send(set.subarray(2_500_000));
  await until(() => client.received().toString().endsWith('+OK\r\n'), 'the reply');
  await Promise.all([client.close(), other.close()]);
});

t.test("options, errors and what TRACKINGINFO says, as Redis' own", async (t) => {
  const sequences = [
    ['TRACKING ON', 'TRACKINGINFO', 'GETREDIR', 'TRACKING OFF', 'TRACKINGINFO', 'GETREDIR'],
    ['TRACKING ON BCAST PREFIX a PREFIX b', 'TRACKINGINFO', 'TRACKING ON', 'TRACKING OFF'],
    ['TRACKING ON OPTIN', 'CACHING YES', 'CACHING NO', 'CACHING x', 'TRACKINGINFO'],
    ['TRACKING ON OPTOUT', 'CACHING NO', 'TRACKINGINFO', 'CACHING YES', 'TRACKINGINFO', 'CACHING x', 'TRACKING ON OPTIN', 'TRACKING OFF'],
    ['TRACKING ON OPTIN OPTOUT', 'TRACKING ON BCAST OPTOUT', 'TRACKING ON BCAST PREFIX a PREFIX ab', 'CACHING NO', 'TRACKINGINFO'],
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

t.test('CACHING concerns a request that has to wait, too', async (t) => {
  const [client, other] = await Promise.all([inResp3(fleet.port), fleet.connect()]);
  await client.command('CLIENT', 'TRACKING', 'ON', 'OPTIN');
  const long = Array.from({ length: 12 }, (_, i) => `{${keys[0]}}${'n'.repeat(100_000)}${i}`);
  await client.command('MGET', ...(keys as string[]));
  const stream = `{${keys[0]}}stream`;
  await other.command('XADD', stream, '1-1', 'a', 'b');
  for (const [request, key] of [
    [['MGET', ...long], long[3] as string],
    [['XREAD', 'BLOCK', '10000', 'STREAMS', stream, '0'], stream],
  ] as const) {
    client.send(Buffer.concat([encode(['CLIENT', 'CACHING', 'YES']), encode([...request]), encode(['GET', keys[1] as string])]));
    await client.read(3);
    const before = client.received().length;
    await other.command('SET', keys[1] as string, 'not tracked');
    await other.command('DEL', key);
    await other.command('SET', key, 'x');
    await until(() => client.received().subarray(before).includes(invalidated(key)), `the invalidation of ${key.slice(0, 30)}`);
    t.equal(client.received().subarray(before).toString().split('invalidate').length - 1, 1);
    await other.command('DEL', key);
    await other.command('XADD', stream, '1-1', 'a', 'b');
  }
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

/** What is invalidated after these requests, all keys being changed by somebody else; `0`, `1`, `2` are keys on three nodes. */
const CACHED: readonly (readonly [mode: string, requests: string, told: string])[] = [
  ['OPTIN', 'CLIENT CACHING YES|GET 0|GET 1|GET 2', '0'],
  ['OPTIN', 'CLIENT CACHING YES|MGET 0 1|GET 2', '01'],
  ['OPTIN', 'CLIENT CACHING YES|CLIENT ID|GET 1|CLIENT CACHING YES|GET 2|GET 0', '12'],
  ['OPTIN', 'CLIENT CACHING YES|MULTI|GET 1|EXEC|GET 0|GET 2', '1'],
  ['OPTIN', 'CLIENT CACHING YES|PING|GET 0', ''],
  ['OPTIN', 'CLIENT CACHING YES|NOSUCH|GET 0', ''],
  ['OPTIN', "CLIENT CACHING YES|EVAL return(redis.call('get',KEYS[1])) 1 1|GET 0", '1'],
  ['OPTIN', 'CLIENT CACHING YES|EVALSHA SHA 1 2|GET 0', '2'],
  ['OPTIN', 'CLIENT CACHING YES|MULTI|EVALSHA SHA 1 2|EXEC|GET 0', '2'],
  ['OPTOUT', 'CLIENT CACHING NO|GET 0|GET 1|GET 2', '12'],
  ['OPTOUT', 'CLIENT CACHING NO|GET 1|GET 1|GET 0', '01'],
  ['OPTOUT', 'CLIENT CACHING NO|MGET 0 1|GET 2', '2'],
  ['OPTOUT', 'CLIENT CACHING NO|MULTI|GET 1|GET 1|EXEC|GET 0|GET 2', '02'],
  ['OPTOUT', 'CLIENT CACHING NO|MULTI|GET 1|DISCARD|GET 0|GET 1', '01'],
  ['OPTOUT', 'CLIENT CACHING NO|PING|GET 0', '0'],
  ['OPTOUT', 'CLIENT CACHING NO|NOSUCH|GET 0', '0'],
  ['OPTOUT', 'CLIENT CACHING NO|CLIENT TRACKING OFF|CLIENT TRACKING ON OPTOUT|GET 0', '0'],
  ['OPTOUT', 'CLIENT CACHING NO|CLIENT TRACKING ON OPTOUT|GET 0|GET 1', '1'],
];

t.test('CACHING concerns the next request, on whichever nodes it is', async (t) => {
  for (const [i, [mode, requests, told]] of CACHED.entries()) {
    // Another one each time: the node of the last key has to be given it before EVALSHA.
    const script = `return redis.call('get', KEYS[1]) --${i}`;
    const sha = createHash('sha1').update(script).digest('hex');
    for (const port of [fleet.port, plain.port]) {
      const [client, other] = await Promise.all([inResp3(port), connectResp(port)]);
      for (const key of keys) await other.command('SET', key, '1');
      await other.command('EVAL', script, '1', keys[0] as string);
      t.equal((await client.command('CLIENT', 'TRACKING', 'ON', mode)).text, '+OK\r\n');
      const sent = requests.split('|').map((request) => request.replace(' SHA ', ` ${sha} `).split(' '));
      await client.pipeline(
        sent.map((words) =>
          words.map((word, i) => (i > 0 && /^[012]$/.test(word) && !isCount(words, i) ? (keys[Number(word)] as string) : word)),
        ),
      );
      for (const key of keys) await other.command('SET', key, '2');
      // Behind these replies there is nothing more to come.
      client.send(`${keys.map((key) => `GET ${key}\r\n`).join('')}ECHO the-end\r\n`);
      await until(() => client.received().includes('the-end'), 'all to be told');
      const all = keys.map((key, i) => (client.received().includes(invalidated(key)) ? i : '')).join('');
      t.equal(all, told, `${mode}: ${requests}${port === plain.port ? ', plain' : ''}`);
      await Promise.all([client.close(), other.close()]);
    }
  }
});

/** The number of keys of a script. */
function isCount(words: readonly string[], i: number): boolean {
  return i === 2 && words[0]?.startsWith('EVAL') === true;
}

t.test('not in RESP2, and not with REDIRECT', async (t) => {
  const client = await fleet.connect();
  t.match((await client.command('CLIENT', 'TRACKING', 'ON')).text, /^-ERR keyfan: .* is not supported in RESP2/);
  await client.command('HELLO', '3');
  t.match((await client.command('CLIENT', 'TRACKING', 'ON', 'REDIRECT', '1')).text, /^-ERR keyfan: .* with REDIRECT is not supported/);
  await client.close();
});
