import t from 'tap';
import { COMMAND_ROWS } from '../../src/command/table.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';

/** How to make `k` on a node, and the command that takes something of it away: run through keyfan, no node may keep it. */
const TAKING: readonly (readonly [make: string, command: string, probe: string, left: unknown])[] = [
  ['SET k v', 'DEL k', 'EXISTS k', 0],
  ['SET k v', 'UNLINK k nosuch', 'EXISTS k', 0],
  ['SET k v', 'GETDEL k', 'EXISTS k', 0],
  ['SET k v', 'EXPIRE k 0', 'EXISTS k', 0],
  ['SET k v', 'PEXPIRE k 0', 'EXISTS k', 0],
  ['SET k v', 'EXPIREAT k 33177117420', 'EXPIRETIME k', 33177117420],
  ['SET k v', 'PEXPIREAT k 33177117420000', 'EXPIRETIME k', 33177117420],
  ['SET k v EX 1000', 'PERSIST k', 'TTL k', -1],
  ['SET k v', 'GETEX k EXAT 33177117420', 'EXPIRETIME k', 33177117420],
  ['SET k v', 'MOVE k 1', 'EXISTS k', 0],
  ['SADD k a b', 'SMOVE k k2 a', 'SMEMBERS k', ['b']],
  ['HSET k f v g w', 'HDEL k f', 'HKEYS k', ['g']],
  ['SADD k a b', 'SREM k a', 'SMEMBERS k', ['b']],
  ['ZADD k 1 a 2 b', 'ZREM k a', 'ZRANGE k 0 -1', ['b']],
  ['ZADD k 0 a 0 b', 'ZREMRANGEBYLEX k [a [a', 'ZRANGE k 0 -1', ['b']],
  ['ZADD k 1 a 2 b', 'ZREMRANGEBYRANK k 0 0', 'ZRANGE k 0 -1', ['b']],
  ['ZADD k 1 a 2 b', 'ZREMRANGEBYSCORE k 1 1', 'ZRANGE k 0 -1', ['b']],
  ['RPUSH k a b', 'LREM k 0 a', 'LRANGE k 0 -1', ['b']],
  ['RPUSH k a b', 'LTRIM k 1 1', 'LRANGE k 0 -1', ['b']],
  ['XADD k 1-1 f v', 'XDEL k 1-1', 'XLEN k', 0],
  ['XADD k 1-1 f v', 'XTRIM k MAXLEN 0', 'XLEN k', 0],
];

const words = (text: string): string[] => text.split(' ');
const onAll = (fleet: Fleet, command: string): Promise<unknown[]> => Promise.all(fleet.nodes.map((node) => node.call(...words(command))));

t.test('writes to one node', async (t) => {
  const fleet = await startFleet({ strategy: 'random' });
  const client = await fleet.connect({ deadlineMs: 20_000 });
  t.teardown(() => fleet.stop());

  t.test('what takes something away goes to every node: no stale copy survives', async (t) => {
    const refused = COMMAND_ROWS.filter((row) => row.policy === 'refuse').map((row) => row.name);
    const tested = new Set(TAKING.map(([, command]) => words(command)[0]?.toLowerCase()));
    const known = new Set(((await onAll(fleet, 'COMMAND LIST'))[0] as string[]).filter((name) => !refused.includes(name)));
    const missing = COMMAND_ROWS.filter((row) => row.everywhere && known.has(row.name) && !tested.has(row.name));
    t.same(
      missing.map((row) => row.name),
      [],
      'each command of the list is tried here',
    );
    for (const [make, command, probe, left] of TAKING) {
      await onAll(fleet, 'FLUSHALL');
      await onAll(fleet, make);
      const reply = await client.command(...words(command));
      t.not(reply.text[0], '-', `${command}: ${reply.text}`);
      t.same(await onAll(fleet, probe), [left, left, left], command);
    }
  });

  t.test('only one node has it: the reply is that of the one that found it', async (t) => {
    await onAll(fleet, 'FLUSHALL');
    await fleet.nodes[2]?.call('MSET', 'x', '1', 'y', '2', 'z', 'value');
    t.equal((await client.command('DEL', 'x', 'y')).text, ':2\r\n');
    t.equal((await client.command('GETDEL', 'z')).text, '$5\r\nvalue\r\n');
    t.equal((await client.command('DEL', 'x')).text, ':0\r\n');
    const resp3 = await fleet.connect();
    await resp3.command('HELLO', '3');
    for (const command of ['GETEX v PERSIST', 'GETDEL v']) {
      await fleet.nodes[2]?.call('SET', 'v', 'value');
      t.equal((await resp3.command(...words(command))).text, '$5\r\nvalue\r\n', command);
    }
    await resp3.close();
  });

  t.test('a write goes to one node, a request of many keys is not cut', async (t) => {
    await onAll(fleet, 'FLUSHALL');
    t.equal((await client.command('MSET', 'a', '1', 'b', '2', 'c', '3')).text, '+OK\r\n');
    const sizes = (await onAll(fleet, 'DBSIZE')) as number[];
    t.same([...sizes].sort(), [0, 0, 3]);
    t.equal((await client.command('SINTERSTORE', 'd', 'e', 'f')).text, ':0\r\n', 'no CROSSSLOT: every node serves every key');
  });

  t.test('every node gets a share', async (t) => {
    await onAll(fleet, 'FLUSHALL');
    await client.pipeline(Array.from({ length: 300 }, (_, i) => ['SET', `share:${i}`, 'v']));
    for (const size of (await onAll(fleet, 'DBSIZE')) as number[]) t.ok(size > 0, `${size} keys`);
  });

  t.test('a node that is down is passed over; DEL says that it could not reach every copy', async (t) => {
    await onAll(fleet, 'FLUSHALL');
    await onAll(fleet, 'SET k v');
    await fleet.nodes[0]?.kill();
    await fleet.waitNode(0, 'not up');
    const replies = await client.pipeline(Array.from({ length: 50 }, () => ['GET', 'k']));
    t.ok(replies.every((reply) => reply.value === 'v'));
    t.match(
      (await client.command('DEL', 'k')).text,
      /^-ERR keyfan: the command was partly executed: 2 of 3 parts were done; node a: node_down, its part did not run/,
    );
    t.equal(await fleet.nodes[1]?.call('EXISTS', 'k'), 0);
    await fleet.conserved();
  });
});

t.test('writes to all nodes: each holds a full copy', async (t) => {
  const fleet = await startFleet({ strategy: { type: 'random', writes: 'all' } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  t.equal((await client.command('MSET', 'a', '1', 'b', '2')).text, '+OK\r\n');
  t.equal((await client.command('INCR', 'n')).text, ':1\r\n');
  t.equal((await client.command('RPUSH', 'l', 'x', 'y')).text, ':2\r\n');
  t.equal((await client.command('LPOP', 'l')).text, '$1\r\nx\r\n');
  t.same(await onAll(fleet, 'MGET a b n'), Array(3).fill(['1', '2', '1']));
  t.same(await onAll(fleet, 'LRANGE l 0 -1'), Array(3).fill(['y']));
  t.match((await client.command('INCR', 'l')).text, /^-WRONGTYPE/, 'the error of all of them is passed on as it came');
  t.equal((await client.command('XADD', 's', 'MAXLEN', '~', '9', '1-1', 'f', '*')).text, '$3\r\n1-1\r\n');
  await client.command('SADD', 'set', 'a', 'b', 'c');
  for (const command of [
    'BLPOP l 1',
    'BLMOVE l m LEFT RIGHT 1',
    'XREADGROUP GROUP g c BLOCK 10 STREAMS s >',
    'SPOP set',
    'XADD s * f v',
    'XADD s NOMKSTREAM MINID = 0 LIMIT 5 7-* f v',
  ])
    t.match(
      (await client.command(...words(command))).text,
      /^-ERR keyfan: '\w+' is not supported: the nodes of this pool hold copies/,
      command,
    );
  t.same(await onAll(fleet, 'LRANGE l 0 -1'), Array(3).fill(['y']));
  await client.close();
  await fleet.conserved();
});
