/** Large requests of which no single key decides the node, and errors that quote them: nobody else may notice. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import type { RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** On both nodes. */
const COUNTERS = ['{a}n', '{b}n', '{c}n', '{d}n'];

async function setUp(t: Test): Promise<{ fleet: Fleet; client: RespClient }> {
  const fleet = await startFleet({ nodes: 2, pool: { limits: { node_queued: '4mb' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  // Whoever was answered twice is no newcomer any more, and shares the connections of all.
  for (let i = 0; i < 2; i++) await client.command('GET', 'k');
  return { fleet, client };
}

/** One INCR after the other while `work` goes on: each has to be answered with the next number, and some have to be. */
async function beside(t: Test, fleet: Fleet, work: () => Promise<void>): Promise<void> {
  const other = await fleet.connect();
  await other.command('DEL', ...COUNTERS);
  let done = false;
  const odd: string[] = [];
  const counting = (async () => {
    let count = 0;
    for (; !done; count++)
      for (const key of COUNTERS) {
        const { text } = await other.command('INCR', key);
        if (text !== `:${count + 1}\r\n`) odd.push(text);
      }
    return count;
  })();
  await work();
  done = true;
  t.ok((await counting) > 0);
  t.same(odd, []);
  await other.close();
}

/** Bytes of buffers that are still referred to. keyfan runs in this process, and so does the client, which keeps little. */
async function collected(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

async function isWell(t: Test, fleet: Fleet): Promise<void> {
  t.equal((await fleet.metrics()).sum('keyfan_backend_desync_total'), 0);
  t.equal((await fleet.metrics()).sum('keyfan_errors_total', { code: 'queue_full' }), 0);
  await fleet.conserved();
}

t.test('an error that quotes a large argument', async (t) => {
  const { fleet, client } = await setUp(t);
  for (const size of [MIB - 64, 3 * MIB]) {
    const group = 'g'.repeat(size);
    await beside(t, fleet, async () => {
      const { text } = await client.command('XPENDING', 'x', group);
      t.ok(text === `-NOGROUP No such key 'x' or consumer group '${group}'\r\n`, `${text.length} bytes: ${text.slice(0, 60)}`);
      const halves = [group.slice(0, size / 2), group.slice(size / 2)] as const;
      await client.command('MULTI');
      await client.command('XPENDING', ...halves);
      const exec = (await client.command('EXEC')).text;
      t.ok(exec === `*1\r\n-NOGROUP No such key '${halves[0]}' or consumer group '${halves[1]}'\r\n`, `${exec.length} bytes`);
    });
    t.equal((await client.command('PING')).text, '+PONG\r\n');
  }
  await client.close();
  await isWell(t, fleet);
});

t.test('a large transaction', async (t) => {
  const { fleet, client } = await setUp(t);
  const value = 'v'.repeat(2 * MIB);
  await beside(t, fleet, async () => {
    for (let round = 0; round < 3; round++) {
      client.send(Buffer.concat([encode(['SET', '{a}first', String(round)]), encode(['MULTI'])]));
      for (let i = 0; i < 8; i++) client.send(encode(['SET', `{a}${i}`, value]));
      client.send(Buffer.concat([encode(['GET', '{a}first']), encode(['EXEC']), encode(['STRLEN', '{a}7'])]));
      const texts = (await client.read(13)).map(({ text }) => text);
      t.same(texts.slice(0, 2), ['+OK\r\n', '+OK\r\n']);
      t.equal(texts[11], `*9\r\n${'+OK\r\n'.repeat(8)}$1\r\n${round}\r\n`, 'behind what was sent before it');
      t.equal(texts[12], `:${value.length}\r\n`);
    }
  });
  await client.close();
  await isWell(t, fleet);
});

t.test('a large transaction with WATCH, a large script, and what follows them', async (t) => {
  for (const scripts of ['own', 'shared'] as const) {
    const fleet = await startFleet({ nodes: 2, pool: { scripts, limits: { node_queued: '4mb' } } });
    t.teardown(() => fleet.stop());
    const client = await fleet.connect({ deadlineMs: 30_000 });
    for (let i = 0; i < 2; i++) await client.command('GET', 'k');
    const value = 'v'.repeat(2 * MIB);
    await beside(t, fleet, async () => {
      await client.command('WATCH', '{a}w');
      client.send(encode(['MULTI']));
      for (let i = 0; i < 4; i++) client.send(encode(['SET', `{a}${i}`, value]));
      client.send(Buffer.concat([encode(['EXEC']), encode(['GET', '{a}w']), encode(['STRLEN', '{a}3'])]));
      const texts = (await client.read(8)).map(({ text }) => text);
      t.same(texts.slice(5), [`*4\r\n${'+OK\r\n'.repeat(4)}`, '$-1\r\n', `:${value.length}\r\n`]);
      for (let i = 0; i < 3; i++) {
        const script = encode(['EVAL', 'return redis.call("SET", KEYS[1], ARGV[1])', '1', '{a}s', value.repeat(3)]);
        client.send(Buffer.concat([encode(['SET', '{a}s', 'before']), script, encode(['STRLEN', '{a}s']), encode(['GET', '{a}w'])]));
        const replies = (await client.read(4)).map(({ text }) => text);
        t.same(replies, ['+OK\r\n', '+OK\r\n', `:${value.length * 3}\r\n`, '$-1\r\n'], scripts);
      }
    });
    await client.close();
    await isWell(t, fleet);
  }
});

t.test('a large MSET, MGET and EXISTS over several nodes, between small requests', async (t) => {
  const { fleet, client } = await setUp(t);
  const value = (i: number): string => String.fromCharCode(97 + i).repeat(MIB);
  const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
  const names = Array.from({ length: 12 }, (_, i) => `${'n'.repeat(200_000)}${i}`);
  await beside(t, fleet, async () => {
    const before = keys.flatMap((key) => encode(['SET', key, 'before']));
    const mset = encode(['MSET', ...keys.flatMap((key, i) => [key, value(i)])]);
    const after = [...keys.map((key) => encode(['GETRANGE', key, '0', '0'])), encode(['EXISTS', ...names, 'k0'])];
    client.send(Buffer.concat([...before, mset, ...after]));
    const texts = (await client.read(26)).map(({ text }) => text);
    t.same(texts.slice(0, 13), Array(13).fill('+OK\r\n'));
    t.same(
      texts.slice(13, 25),
      keys.map((_, i) => `$1\r\n${String.fromCharCode(97 + i)}\r\n`),
    );
    t.equal(texts[25], ':1\r\n');
    t.equal((await client.command('MSET', '{q}1', value(0), '{q}2', value(1))).text, '+OK\r\n', 'all on one node');
    t.equal((await client.command('PUBLISH', 'nobody', value(0).repeat(6))).text, ':0\r\n');
  });
  await client.close();
  await isWell(t, fleet);
});

t.test('a large write to all copies', async (t) => {
  const fleet = await startFleet({ nodes: 2, strategy: { type: 'random', writes: 'all' }, pool: { limits: { node_queued: '4mb' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  for (let i = 0; i < 2; i++) await client.command('GET', 'k');
  client.send(Buffer.concat([encode(['SET', 'k', 'before']), encode(['SET', 'k', 'v'.repeat(6 * MIB)]), encode(['APPEND', 'k', '!'])]));
  t.same(
    (await client.read(3)).map(({ text }) => text),
    ['+OK\r\n', '+OK\r\n', `:${6 * MIB + 1}\r\n`],
  );
  for (const node of fleet.nodes) t.equal(await node.call('STRLEN', 'k'), 6 * MIB + 1);
  await client.close();
  await isWell(t, fleet);
});

t.test('what waits for a node that does not answer is bounded, and told', async (t) => {
  const timeouts = { request: '60s', connect: '60s' };
  const fleet = await startFleet({ nodes: 2, pool: { timeouts, limits: { node_queued: '4mb' } } });
  t.teardown(() => fleet.stop());
  await Promise.all(fleet.nodes.map((node) => node.pause()));
  const clients = await Promise.all(Array.from({ length: 20 }, () => fleet.connect({ deadlineMs: 30_000 })));
  const value = 'v'.repeat(2 * MIB);
  const sent = clients.map((client) => client.command('MSET', 'k0', value, 'k1', value, 'k2', value, 'k3', value));
  const full = async () => (await fleet.metrics()).sum('keyfan_errors_total', { code: 'queue_full' });
  await until(async () => (await full()) >= 18, 'most of them to be refused', 30_000);
  const queued = (await fleet.metrics()).sum('keyfan_backend_queued_bytes');
  t.ok(queued > MIB && queued <= 2 * 8 * MIB, `${queued} bytes`);
  for (const node of fleet.nodes) node.resume();
  const texts = new Set((await Promise.all(sent)).map(({ text }) => text.replace(/node \w+/, 'node')));
  t.ok(
    [...texts].every((text) => /^\+OK|is full|were done/.test(text)),
    [...texts].join(),
  );
  await Promise.all(clients.map((client) => client.close()));
});

t.test('the buffer of a large request does not stay with its client', async (t) => {
  const { fleet, client } = await setUp(t);
  const values = ['k0', 'k1', 'k2', 'k3'].flatMap((key) => [key, 'v'.repeat(2 * MIB)]);
  const others = await Promise.all(Array.from({ length: 10 }, () => fleet.connect({ deadlineMs: 30_000 })));
  const before = await collected();
  for (const each of others) t.equal((await each.command('MSET', ...values)).text, '+OK\r\n');
  const kept = await until(async () => {
    const more = (await collected()) - before;
    return more < 40 * MIB && `${more}`;
  }, 'most of it to be collected');
  t.ok(kept);
  await Promise.all([...others, client].map((each) => each.close()));
});
