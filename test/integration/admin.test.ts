import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';
import { startScriptedNode } from '../support/scripted-node.ts';

/** What a busy machine makes slow would stand in the log of one and not of the other. */
const args = ['--slowlog-log-slower-than', '-1'];
const [fleet, plain] = await Promise.all([startFleet({ args, pool: { admin_commands: 'allow' } }), startRedis({ args })]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

const SAME: readonly string[] = [
  'ACL WHOAMI|ACL CAT|ACL CAT nosuch|ACL LIST|ACL USERS|ACL GETUSER default|ACL GETUSER none|ACL DRYRUN default GET x|ACL HELP|ACL GENPASS x',
  'ACL SETUSER bob on +@all ~*|ACL SETUSER bob foo|ACL LIST|ACL DRYRUN bob SET a b|ACL DELUSER bob nobody|ACL DELUSER bob|ACL LOG|ACL LOG RESET',
  'CONFIG GET maxmemory|CONFIG GET nosuch|CONFIG SET maxmemory 0|CONFIG SET nosuch x|CONFIG RESETSTAT|CONFIG HELP',
  'SLOWLOG LEN|SLOWLOG RESET|SLOWLOG GET|SLOWLOG GET -1|SLOWLOG GET -2|SLOWLOG GET x|SLOWLOG HELP',
  'LATENCY LATEST|LATENCY RESET|LATENCY HISTORY x|LATENCY HELP|FUNCTION STATS|FUNCTION LIST',
];

t.test('where all nodes agree, what one Redis says', async (t) => {
  for (const version of ['2', '3']) {
    const [ours, theirs] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
    await Promise.all([ours, theirs].map((client) => client.command('HELLO', version)));
    for (const request of SAME.join('|').split('|')) {
      const [mine, wanted] = await Promise.all([ours, theirs].map((client) => client.command(...request.split(' '))));
      t.equal(mine?.text, wanted?.text, `${request} in RESP${version}`);
    }
    await Promise.all([ours.close(), theirs.close()]);
  }
});

t.test('nodes whose users differ', async (t) => {
  const client = await fleet.connect();
  await fleet.nodes[1]?.call('ACL', 'SETUSER', 'odd', 'on', '+get');
  t.match((await client.command('ACL', 'LIST')).text, /^-ERR keyfan: the nodes do not say the same/);
  t.equal((await client.command('ACL', 'DELUSER', 'odd')).text, ':1\r\n');
  await client.close();
});

t.test('SLOWLOG GET: the newest of all nodes, no more than was asked for', async (t) => {
  const client = await fleet.connect();
  await client.command('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  for (let i = 0; i < 12; i++) for (const node of [0, 1, 2]) await client.command('GET', `${fleet.keyOn(node)}`);
  await client.command('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  const entries = async (...count: string[]): Promise<number[]> =>
    ((await client.command('SLOWLOG', 'GET', ...count)).value as [number, number][]).map(([, when]) => when);
  t.equal((await entries()).length, 10);
  t.equal((await entries('4')).length, 4);
  const all = await entries('-1');
  t.ok(all.length >= 36, `${all.length}`);
  t.same(
    all,
    [...all].sort((a, b) => b - a),
  );
  await client.close();
});

t.test('DEBUG: of a key at its node, else at all', async (t) => {
  const own = await startFleet({ args: ['--enable-debug-command', 'yes'], pool: { admin_commands: 'allow' } });
  const client = await own.connect();
  for (const node of [0, 1, 2]) {
    await client.command('SET', own.keyOn(node), `value ${node}`);
    t.match((await client.command('DEBUG', 'OBJECT', own.keyOn(node))).text, /^\+Value at:.* encoding:embstr/);
    t.match((await client.command('DEBUG', 'DIGEST-VALUE', own.keyOn(node))).text, /^\*1\r\n.*[0-9a-f]{40}\r\n$/s);
  }
  t.match((await client.command('DEBUG', 'DIGEST-VALUE', own.keyOn(1), own.keyOn(2))).text, /^-CROSSSLOT/);
  t.equal((await client.command('debug', 'object', 'none')).text, '-ERR no such key\r\n');
  t.match((await client.command('DEBUG', 'OBJECT')).text, /^-ERR /);
  t.equal((await client.command('DEBUG', 'SLEEP', '0')).text, '+OK\r\n');
  t.match(
    (await client.command('DEBUG', 'DIGEST')).text,
    /^\$\d+\r\n# a\n[0-9a-f]{40}\n\n# b\n[0-9a-f]{40}\n\n# c\n/,
    'nodes that say different things',
  );
  await client.close();
  await own.stop();
});

t.test('texts for people, by node', async (t) => {
  const client = await fleet.connect();
  for (const version of ['2', '3']) {
    await client.command('HELLO', version);
    for (const request of ['MEMORY DOCTOR', 'LATENCY DOCTOR', 'MEMORY MALLOC-STATS']) {
      const { text } = await client.command(...request.split(' '));
      t.match(text, version === '2' ? /^\$\d+\r\n# a\n/ : /^=\d+\r\ntxt:# a\n/, request);
      for (const node of ['b', 'c']) t.match(text, new RegExp(`\n# ${node}\n`));
    }
  }
  await client.close();
});

t.test('FUNCTION LOAD runs what a client wrote: what it makes a node say reaches nobody else', async (t) => {
  const replies: Readonly<Record<string, string>> = { FUNCTION: '-ERR a\r\n+INJECTED\r\n', GET: '$1\r\nx\r\n' };
  const node = await startScriptedNode(({ args }) => (args[0] === 'PING' ? pong(args) : (replies[args[0] as string] ?? ':1\r\n')));
  const own = await startFleet({ addresses: [node.address] });
  const [client, other] = await Promise.all([own.connect(), own.connect()]);
  client.send('FUNCTION LOAD x\r\n');
  other.send('GET k\r\nGET k\r\n');
  t.equal((await client.read(1))[0]?.text, '-ERR a\r\n');
  t.same(
    (await other.read(2)).map(({ value }) => value),
    ['x', 'x'],
  );
  t.equal((await client.command('GET', 'k')).value, 'x');
  await Promise.all([client.close(), other.close()]);
  await own.stop();
  await node.stop();
});

const pong = (args: readonly string[]): string => (args[1] === undefined ? '+PONG\r\n' : `$${args[1].length}\r\n${args[1]}\r\n`);

t.test('FUNCTION LOAD with a node down is done nowhere', async (t) => {
  const own = await startFleet();
  const client = await own.connect();
  const library = "#!lua name=lib\nredis.register_function('f', function() return 7 end)";
  t.equal((await client.command('FUNCTION', 'LOAD', library)).value, 'lib');
  t.equal((await client.command('FCALL', 'f', '0')).text, ':7\r\n');
  await own.nodes[1]?.kill();
  await own.waitNode(1, 'not up');
  t.match((await client.command('FUNCTION', 'LOAD', library)).text, /^-ERR keyfan: node b is down; the command was not executed/);
  await client.close();
  await own.stop();
});
