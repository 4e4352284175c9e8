import t from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import type { RespClient } from '../support/resp-client.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

/** All keys that a whole scan returns, as often as it does. */
async function scanAll(client: RespClient, ...options: string[]): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = (await client.command('SCAN', cursor, ...options)).value as [string, string[]];
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return keys;
}

async function fill(client: RespClient, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => `key:${i}`);
  await client.pipeline(keys.map((key) => ['SET', key, '1']));
  return keys;
}

for (const strategy of ['ring', 'modulo', 'slots'] as const) {
  t.test(`${strategy}: SCAN, KEYS, DBSIZE, RANDOMKEY, FLUSHALL over all nodes`, async (t) => {
    const fleet = await startFleet({ strategy });
    const client = await fleet.connect({ deadlineMs: 20_000 });
    t.same(await scanAll(client), []);
    t.equal((await client.command('RANDOMKEY')).text, '$-1\r\n');
    const keys = await fill(client, 2000);
    await client.command('SADD', 'a set', 'x');
    t.equal((await client.command('DBSIZE')).text, ':2001\r\n');
    t.same([...new Set(await scanAll(client))].sort(), [...keys, 'a set'].sort());
    t.same([...new Set(await scanAll(client, 'COUNT', '500', 'MATCH', 'key:1?'))].length, 10);
    t.same(await scanAll(client, 'TYPE', 'set', 'COUNT', '100'), ['a set']);
    t.same(
      ((await client.command('KEYS', 'key:1?')).value as string[]).sort(),
      keys.filter((key) => /^key:1.$/.test(key)),
    );
    const drawn = new Set<number>();
    await until(async () => {
      drawn.add(fleet.nodeOf((await client.command('RANDOMKEY')).value as string));
      return drawn.size === 3;
    }, 'a random key of each node');
    t.equal((await client.command('FLUSHALL')).text, '+OK\r\n');
    t.equal((await client.command('DBSIZE')).text, ':0\r\n');
    await client.close();
    await fleet.conserved();
    await fleet.stop();
  });
}

t.test('row 32: what changes while a scan goes on: every key that stays is returned', async (t) => {
  const fleet = await startFleet();
  const [client, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  const keys = await fill(client, 500);
  const found = new Set<string>();
  let cursor = '0';
  let step = 0;
  do {
    const [next, some] = (await client.command('SCAN', cursor, 'COUNT', '20')).value as [string, string[]];
    for (const key of some) found.add(key);
    const added = step < 8 ? Array.from({ length: 200 }, (_, i) => ['SET', `new:${step}:${i}`, '1']) : [];
    await other.pipeline([...added, ['DEL', ...keys.filter((_, i) => i % 50 === 1 && i > step)]]);
    cursor = next;
    step++;
  } while (cursor !== '0');
  const stayed = keys.filter((_, i) => i % 50 !== 1);
  t.same(
    stayed.filter((key) => !found.has(key)),
    [],
  );
  await Promise.all([client.close(), other.close()]);
  await fleet.stop();
});

t.test('RESP3 and databases', async (t) => {
  const fleet = await startFleet();
  const client = await fleet.connect();
  await client.command('HELLO', '3');
  t.equal((await client.command('RANDOMKEY')).text, '_\r\n');
  await client.command('SELECT', '2');
  await fill(client, 20);
  t.equal((await client.command('DBSIZE')).text, ':20\r\n');
  t.match((await client.command('SCAN', '0', 'COUNT', '1000')).text, /^\*2\r\n\$\d+\r\n\d+\r\n\*\d+\r\n/);
  t.equal((await client.command('SWAPDB', '0', '2')).text, '+OK\r\n');
  t.equal((await client.command('DBSIZE')).text, ':0\r\n');
  await client.command('SELECT', '0');
  t.equal((await client.command('DBSIZE')).text, ':20\r\n');
  await client.command('FLUSHDB');
  t.equal((await client.command('DBSIZE')).text, ':0\r\n');
  await client.close();
  await fleet.stop();
});

t.test('row 32: bad cursors', async (t) => {
  const fleet = await startFleet();
  const client = await fleet.connect();
  for (const cursor of ['x', '-1', '18446744073709551616']) t.equal((await client.command('SCAN', cursor)).text, '-ERR invalid cursor\r\n');
  t.match((await client.command('SCAN', '77')).text, /^-ERR keyfan: invalid cursor: it names no node/);
  t.equal((await client.command('SCAN', '0', 'NOSUCH')).text, '-ERR syntax error\r\n');
  await client.close();
  await fleet.stop();
});

t.test('scripts and functions on all nodes', async (t) => {
  const fleet = await startFleet();
  const client = await fleet.connect();
  const key = fleet.keyOn(2);
  const sha = (await client.command('SCRIPT', 'LOAD', 'return 42')).value as string;
  t.match(sha, /^[0-9a-f]{40}$/);
  for (const node of [0, 1, 2]) t.equal((await client.command('EVALSHA', sha, '1', fleet.keyOn(node))).text, ':42\r\n');
  const direct = await connectResp(fleet.nodes[1]?.port as number);
  t.same((await client.command('SCRIPT', 'EXISTS', sha, '0'.repeat(40))).value, [1, 0]);
  await direct.command('SCRIPT', 'FLUSH');
  t.same((await client.command('SCRIPT', 'EXISTS', sha)).value, [0], 'one node lacks it');
  t.match((await client.command('SCRIPT', 'FLUSH', 'now')).text, /^-ERR/);
  await direct.command('SCRIPT', 'FLUSH');
  t.equal((await client.command('EVALSHA', sha, '1', fleet.keyOn(1))).text, ':42\r\n', 'keyfan has not forgotten it');
  t.equal((await client.command('SCRIPT', 'FLUSH')).text, '+OK\r\n');
  t.match((await client.command('EVALSHA', sha, '1', key)).text, /^-NOSCRIPT /, 'keyfan forgets it, too');
  t.match((await client.command('SCRIPT', 'KILL')).text, /^-NOTBUSY /);
  const library = "#!lua name=lib\nredis.register_function('f', function() return 7 end)";
  t.equal((await client.command('FUNCTION', 'LOAD', library)).value, 'lib');
  for (const node of [0, 1, 2]) t.equal((await client.command('FCALL', 'f', '1', fleet.keyOn(node))).text, ':7\r\n');
  t.match((await client.command('FUNCTION', 'LIST')).text, /lib/);
  t.match((await client.command('FUNCTION', 'LOAD', library)).text, /^-ERR Library 'lib' already exists/);
  t.equal((await client.command('FUNCTION', 'DELETE', 'lib')).text, '+OK\r\n');
  t.match((await client.command('SCRIPT', 'DEBUG', 'YES')).text, /^-ERR keyfan: 'script\|debug' is not supported/);
  await Promise.all([client.close(), direct.close()]);
  await fleet.stop();
});

t.test('SCRIPT KILL ends the script on the node that runs it', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '20s' } } });
  const [busy, killer] = await Promise.all([fleet.connect({ deadlineMs: 20_000 }), fleet.connect({ deadlineMs: 20_000 })]);
  const direct = await connectResp(fleet.nodes[1]?.port as number);
  await direct.command('CONFIG', 'SET', 'busy-reply-threshold', '50');
  const reply = busy.command('EVAL', 'while true do end', '1', fleet.keyOn(1));
  await until(async () => (await killer.command('SCRIPT', 'KILL')).text === '+OK\r\n', 'the script to be killed');
  t.match((await reply).text, /^-ERR Error running script|Script killed/);
  await Promise.all([busy.close(), killer.close(), direct.close()]);
  await fleet.stop();
});

t.test('a node is down: an error, never a smaller answer', async (t) => {
  const fleet: Fleet = await startFleet();
  const client = await fleet.connect();
  await fill(client, 100);
  await fleet.nodes[1]?.kill();
  await fleet.waitNode(1, 'not up');
  const down = /^-ERR keyfan: node b is down; the command was not executed/;
  for (const request of ['DBSIZE', 'KEYS *', 'RANDOMKEY', 'SCRIPT EXISTS x', 'LASTSAVE']) {
    t.match((await client.command(...request.split(' '))).text, down, request);
  }
  t.match((await client.command('FLUSHALL')).text, /^-ERR keyfan: the command was partly executed: 2 of 3 parts were done; node b/);
  await client.close();
  await fleet.stop();
});

t.test('admin commands: refused unless the pool allows them', async (t) => {
  const [closed, open] = await Promise.all([startFleet(), startFleet({ pool: { admin_commands: 'allow' } })]);
  const [no, yes] = await Promise.all([closed.connect(), open.connect()]);
  for (const request of ['CONFIG GET maxmemory', 'CONFIG SET maxmemory 1gb', 'SLOWLOG GET', 'BGSAVE', 'DEBUG JMAP', 'ACL SETUSER x']) {
    t.match((await no.command(...request.split(' '))).text, /^-ERR keyfan: '[a-z|]+' is not supported: .*admin_commands/, request);
  }
  t.equal((await yes.command('CONFIG', 'SET', 'maxmemory', '100mb')).text, '+OK\r\n');
  t.same((await yes.command('CONFIG', 'GET', 'maxmemory')).value, ['maxmemory', '104857600']);
  const ports = open.nodes.map(({ port }, i) => `${'abc'[i]}=${port}`).join(' ');
  t.same((await yes.command('CONFIG', 'GET', 'port')).value, ['port', ports], 'nodes differ');
  t.equal((await yes.command('SLOWLOG', 'LEN')).text, ':0\r\n');
  t.equal((await yes.command('SLOWLOG', 'RESET')).text, '+OK\r\n');
  t.match((await yes.command('CONFIG', 'SET', 'nosuch', 'x')).text, /^-ERR Unknown option/);
  for (const request of ['SHUTDOWN', 'REPLICAOF NO ONE', 'CLUSTER SLOTS', 'MODULE LIST', 'PSYNC x 1', 'FAILOVER']) {
    t.match((await yes.command(...request.split(' '))).text, /^-ERR keyfan: .* is not supported/, request);
  }
  await Promise.all([no.close(), yes.close()]);
  await Promise.all([closed.stop(), open.stop()]);
});
