import t from 'tap';
import { commandCalls, startFleet } from '../support/fleet.ts';
import type { RedisNode } from '../support/redis.ts';

const fleet = await startFleet();
const client = await fleet.connect({ deadlineMs: 20_000 });
t.teardown(async () => {
  await client.close();
  await fleet.stop();
});

const ask = async (...args: (string | number)[]): Promise<unknown> => (await client.command(...args)).value;
const [a, b, c] = [fleet.keyOn(0), fleet.keyOn(1), fleet.keyOn(2)];

/** Calls of `name` that each node saw while `work` ran. */
async function callsDuring(name: string, work: () => Promise<unknown>): Promise<number[]> {
  const counts = (): Promise<number[]> => Promise.all(fleet.nodes.map(async (node: RedisNode) => (await commandCalls(node))[name] ?? 0));
  const before = await counts();
  await work();
  const after = await counts();
  return after.map((count, i) => count - (before[i] as number));
}

t.test('MSET and MGET over all nodes: order restored, duplicates and gaps kept', async (t) => {
  t.equal(await ask('MSET', a, '1', b, '2', c, '3'), 'OK');
  t.same(await ask('MGET', c, a, b), ['3', '1', '2']);
  t.same(await ask('MGET', a, b, a), ['1', '2', '1']);
  t.same(await ask('MGET', a, 'nosuch', b, 'nosuch', c), ['1', null, '2', null, '3']);
  t.equal(await ask('MSET', a, 'first', b, 'x', a, 'last'), 'OK');
  t.same(await ask('MGET', a, b), ['last', 'x']);
  t.equal(await ask('MSET', a, '1', a, '2'), 'OK');
  t.equal(await ask('GET', a), '2');
  await ask('RPUSH', 'list', 'x');
  t.same(await ask('MGET', 'list', a), [null, '2'], 'MGET of another type is nil');
});

t.test('values with CRLF, NUL and nothing, keys that are empty or binary', async (t) => {
  const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  t.equal((await client.command('MSET', binary, binary, '', '', 'crlf', '\r\n$3\r\n*1\r\n')).text, '+OK\r\n');
  const reply = await client.command('MGET', '', binary, 'crlf', 'nosuch');
  const wanted = [Buffer.from('*4\r\n$0\r\n\r\n$256\r\n'), binary, Buffer.from('\r\n$10\r\n\r\n$3\r\n*1\r\n\r\n$-1\r\n')];
  t.ok(reply.raw.equals(Buffer.concat(wanted)), 'bytes of the reply');
  t.equal(await ask('DEL', '', 'crlf'), 2);
});

t.test('row 30: DEL, UNLINK, EXISTS and TOUCH: sums as one Redis counts', async (t) => {
  const keys = Array.from({ length: 30 }, (_, i) => `sum:${i}`);
  await ask('MSET', ...keys.flatMap((key) => [key, 'v']));
  t.equal(await ask('EXISTS', ...keys), 30);
  t.equal(await ask('EXISTS', a, b, a, 'nosuch', a), 4);
  t.equal(await ask('TOUCH', a, a, b), 3);
  t.equal(await ask('DEL', a, a), 1);
  t.equal(await ask('DEL', a, b, b, c), 2);
  t.equal(await ask('UNLINK', ...keys, 'nosuch'), 30);
  t.equal(await ask('EXISTS', ...keys), 0);
});

t.test('row 40: one fragment for each node, not one for each key', async (t) => {
  const keys = Array.from({ length: 99 }, (_, i) => fleet.keyOn(i % 3, Math.floor(i / 3)));
  const pairs = keys.flatMap((key) => [key, `value of ${key}`]);
  t.same(await callsDuring('mset', () => ask('MSET', ...pairs)), [1, 1, 1]);
  let values: unknown;
  t.same(await callsDuring('mget', async () => (values = await ask('MGET', ...keys))), [1, 1, 1]);
  t.same(
    values,
    keys.map((key) => `value of ${key}`),
  );
  t.same(await callsDuring('exists', () => ask('EXISTS', ...keys)), [1, 1, 1]);
  t.same(await callsDuring('touch', () => ask('TOUCH', a, c, c)), [1, 0, 1]);
  t.same(await callsDuring('unlink', () => ask('UNLINK', ...keys.slice(0, 30))), [1, 1, 1]);
  t.same(await callsDuring('del', () => ask('DEL', fleet.keyOn(1, 20), fleet.keyOn(1, 21))), [0, 1, 0]);
});

t.test('many keys and long ones', async (t) => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `many:${i}:${'k'.repeat(i % 700)}`);
  t.equal(await ask('MSET', ...keys.flatMap((key, i) => [key, i])), 'OK');
  t.same(
    await ask('MGET', ...keys),
    keys.map((_, i) => String(i)),
  );
  t.equal(await ask('DEL', ...keys), 10_000);
});

t.test('row 18: a key without its value', async (t) => {
  t.match(await ask('MSET', a, '1', b), new Error("ERR wrong number of arguments for 'mset' command"));
  t.match(await ask('MSET', a, a, a), new Error("ERR wrong number of arguments for 'mset' command"));
  t.match(await ask('MGET'), new Error("ERR wrong number of arguments for 'mget' command"));
  t.equal(await ask('PING'), 'PONG');
});

t.test('pipelined: 500 mixed requests keep their order', async (t) => {
  const commands = Array.from({ length: 500 }, (_, i) => {
    const [x, y, z] = [fleet.keyOn(i % 3, i % 7), fleet.keyOn((i + 1) % 3, i % 7), fleet.keyOn((i + 2) % 3, i % 7)];
    return i % 2 === 0
      ? ['MSET', x, `x${i}`, y, `y${i}`, z, `z${i}`]
      : ['MGET', fleet.keyOn((i - 1) % 3, (i - 1) % 7), fleet.keyOn(i % 3, (i - 1) % 7)];
  });
  const replies = await client.pipeline(commands);
  const wanted = replies.map((_, i) => (i % 2 === 0 ? 'OK' : [`x${i - 1}`, `y${i - 1}`]));
  t.same(
    replies.map((reply) => reply.value),
    wanted,
  );
});

t.test('nothing is left in flight', () => fleet.conserved());

t.test('XREAD over all nodes, in the order of the request', async (t) => {
  const streams = [0, 1, 2].map((node) => `{${fleet.keyOn(node)}}stream`);
  for (const [i, key] of streams.entries()) await ask('XADD', key, `${i + 1}-1`, 'f', String(i));
  const entry = (i: number): unknown => [streams[i], [[`${i + 1}-1`, ['f', String(i)]]]];
  const [x, y, z] = streams as [string, string, string];
  t.same(await ask('XREAD', 'COUNT', '5', 'STREAMS', z, x, y, '0', '0', '0'), [entry(2), entry(0), entry(1)]);
  t.same(await ask('XREAD', 'STREAMS', y, x, '9', '0'), [entry(0)], 'streams without news are left out');
  t.equal((await client.command('XREAD', 'STREAMS', x, y, '9', '9')).text, '*-1\r\n');
  t.match((await client.command('XREAD', 'STREAMS', x, y, '0')).text, /^-ERR Unbalanced XREAD list of streams/);
  t.match((await client.command('XREAD', 'STREAMS', x, y, '0', 'bad')).text, /^-ERR Invalid stream ID/);
  t.match((await client.command('XREAD', 'BLOCK', '1', 'STREAMS', x, y, '0', '0')).text, /^-CROSSSLOT /);
  const three = await fleet.connect();
  await three.command('HELLO', '3');
  const both = (await three.command('XREAD', 'STREAMS', y, x, '0', '0')).text;
  t.ok(both.startsWith(`%2\r\n$${y.length}\r\n${y}\r\n*1\r\n`), both);
  t.equal((await three.command('XREAD', 'STREAMS', x, y, '9', '9')).text, '_\r\n');
  await three.close();
});
