import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SILENT } from '../../src/observe/log.ts';
import { startFleet } from '../support/fleet.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const fleet = await startFleet({ args: ['--databases', '20'], pool: { limits: { databases: 4 } } });
t.teardown(() => fleet.stop());

const KEYS = [0, 1, 2].map((node) => fleet.keyOn(node)) as [string, string, string];

t.test('row 33: each session has its database, on every node', async (t) => {
  const [zero, one] = await Promise.all([fleet.connect(), fleet.connect()]);
  t.equal((await one.command('SELECT', '1')).text, '+OK\r\n');
  for (const key of KEYS) {
    await zero.command('SET', key, 'zero');
    t.equal((await one.command('GET', key)).value, null, 'not seen from another database');
    await one.command('SET', key, 'one');
    t.equal((await zero.command('GET', key)).value, 'zero');
  }
  t.same((await one.command('MGET', ...KEYS)).value, ['one', 'one', 'one']);
  t.match((await one.command('CLIENT', 'INFO')).text, / db=1 /);
  t.equal((await one.command('SELECT', '0')).text, '+OK\r\n');
  t.same((await one.command('MGET', ...KEYS)).value, ['zero', 'zero', 'zero']);
  await Promise.all([zero.close(), one.close()]);
});

t.test('in a pipeline every request is served in the database it was sent to', async (t) => {
  const client = await fleet.connect();
  const commands = [0, 1, 2, 1, 0].flatMap((database) => [
    ['SELECT', database],
    ...KEYS.map((key) => ['SET', key, `in ${database}`]),
    ['MGET', ...KEYS],
  ]);
  const replies = await client.pipeline([...commands, ['SELECT', 2], ['MGET', ...KEYS], ['SELECT', 1], ['MGET', ...KEYS]]);
  t.equal(replies.filter(({ text }) => text === '+OK\r\n').length, 5 * 4 + 2);
  t.same(replies.at(-1)?.value, ['in 1', 'in 1', 'in 1']);
  t.same(replies.at(-3)?.value, ['in 2', 'in 2', 'in 2']);
  await client.close();
});

t.test("what is no database: the node's own words, and the session stays where it was", async (t) => {
  const [client, direct] = await Promise.all([fleet.connect(), connectResp(fleet.nodes[0]?.port as number)]);
  await client.command('SELECT', '1');
  for (const index of ['20', '-1', 'x', '99999999999', '9223372036854775808']) {
    t.equal((await client.command('SELECT', index)).text, (await direct.command('SELECT', index)).text, index);
  }
  t.match((await client.command('CLIENT', 'INFO')).text, / db=1 /);
  t.equal((await client.command('SET', KEYS[0], 'still')).text, '+OK\r\n');
  await Promise.all([client.close(), direct.close()]);
});

t.test('a client that goes through databases that are not there: one warning, one connection, and nothing else is hidden', async (t) => {
  const warnings: object[] = [];
  const warn = (fields: object, text: string): void => {
    if (text === 'node refuses a connection') warnings.push(fields);
  };
  const node = await startRedis();
  const guarded = await startFleet({ addresses: [node.address], log: { ...SILENT, warn } });
  t.teardown(() => Promise.all([guarded.stop(), node.stop()]));
  const received = async () => Number(/total_connections_received:(\d+)/.exec(String(await node.call('INFO', 'stats')))?.[1]);
  const client = await guarded.connect();
  const before = await received();
  for (let i = 0; i < 100; i++) t.equal((await client.command('SELECT', 1000 + i)).text, '-ERR DB index is out of range\r\n');
  t.equal((await received()) - before, 1);
  for (let i = 99; i >= 90; i--) t.equal((await client.command('SELECT', i)).text, '-ERR DB index is out of range\r\n', 'lower ones');
  const same = { pool: 'pool', node: 'a', detail: 'SELECT: ERR DB index is out of range' };
  t.strictSame(warnings, [same]);
  t.equal((await client.command('SELECT', 15)).text, '+OK\r\n');

  await node.call('CONFIG', 'SET', 'requirepass', 'changed');
  t.match((await client.command('SELECT', 3)).text, /^-NOAUTH/);
  t.match((await client.command('SELECT', 4)).text, /^-NOAUTH/);
  t.strictSame(warnings, [same, { ...same, detail: 'SELECT: NOAUTH Authentication required.' }]);

  await node.kill();
  await guarded.waitNode(0, 'not up');
  const successor = await startRedis({ port: node.port, args: ['--databases', '2000'] });
  t.teardown(() => successor.stop());
  await guarded.waitNode(0, 'up');
  t.equal((await client.command('SELECT', 1099)).text, '+OK\r\n', 'what another process has refused says nothing of this one');
  await client.close();
});

t.test('a SELECT that fails leaves the session where it was, whoever has taken the room meanwhile', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { databases: 2 }, timeouts: { request: '500ms', connect: '10s' } } });
  t.teardown(() => small.stop());
  const node = small.nodes[0] as RedisNode;
  const [client, other] = await Promise.all([small.connect(), small.connect()]);
  await client.pipeline([
    ['SELECT', 5],
    ['SET', 'k', 'five'],
  ]);
  await node.pause();
  const failed = client.command('SELECT', '0');
  await until(async () => (await small.metrics()).sum('keyfan_backend_in_flight') > 0, 'the node to be asked');
  // Its deadline comes later.
  await sleep(150);
  other.send('SELECT 7\r\n');
  t.match((await failed).text, /^-ERR keyfan/);
  await node.resume();
  await small.waitNode(0, 'up');
  t.match((await client.command('CLIENT', 'INFO')).text, / db=5 /);
  t.equal((await client.command('GET', 'k')).value, 'five');
  await Promise.all([client.close(), other.close()]);
});

t.test('RESP3 and a database together; RESET goes back to the first', async (t) => {
  const client = await fleet.connect();
  await client.command('SELECT', '3');
  await client.command('SET', KEYS[1], 'three');
  await client.command('HELLO', '3');
  t.equal((await client.command('GET', KEYS[1])).text, '$5\r\nthree\r\n');
  await client.command('RESET');
  t.match((await client.command('CLIENT', 'INFO')).text, / db=0 .* resp=2 /);
  await client.close();
});

t.test('COPY … DB and MOVE stay on the shard', async (t) => {
  const client = await fleet.connect();
  await client.command('SET', 'moved', '1');
  t.equal((await client.command('COPY', 'moved', 'moved', 'DB', '2')).text, ':1\r\n');
  t.equal((await client.command('MOVE', 'moved', '1')).text, ':1\r\n');
  t.equal((await client.command('GET', 'moved')).value, null);
  for (const database of [1, 2]) {
    await client.command('SELECT', database);
    t.equal((await client.command('GET', 'moved')).value, '1');
  }
  await client.close();
});

t.test('no more databases at a time than the limit says; those that nobody uses make room', async (t) => {
  // Four databases, one of which is the first.
  const clients = await Promise.all(Array.from({ length: 5 }, () => fleet.connect()));
  for (let i = 0; i < 3; i++) t.equal((await clients[i]?.command('SELECT', 5 + i))?.text, '+OK\r\n');
  t.match((await clients[3]?.command('SELECT', 15))?.text, /^-ERR keyfan: too many databases are in use/);
  for (const client of clients) t.match((await client.command('HELLO', '3')).text, /^%/, 'either version of RESP, all the same');
  await clients[4]?.command('SUBSCRIBE', 'c');
  await clients[0]?.close();
  await until(async () => (await clients[3]?.command('SELECT', 15))?.text === '+OK\r\n', 'room for another database');
  await Promise.all(clients.slice(1).map((client) => client.close()));
});

t.test('a database of its own for a pool', async (t) => {
  const other = await startFleet({ nodes: 1, pool: { database: 5 } });
  const client = await other.connect();
  await client.command('SET', 'k', 'v');
  const direct = await connectResp(other.nodes[0]?.port as number);
  await direct.command('SELECT', '5');
  t.equal((await direct.command('GET', 'k')).value, 'v');
  await client.command('SELECT', '0');
  t.equal((await client.command('GET', 'k')).value, null);
  await Promise.all([client.close(), direct.close()]);
  await other.stop();
});
