import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { startKeyfan } from '../support/keyfan.ts';
import { REDIS_BENCHMARK, startRedisNodes } from '../support/redis.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
/** Between two collections the young generation grows by less. */
const HEAP_MIB = 32;
const CLIENTS = ['-c', '20', '-r', '1000', '-q'];

/**
 * V8 marks the whole heap each time that some 64 MiB of buffers were left to it. What is kept of requests and replies for a moment lies in
 * chunks that are used again: traffic of hundreds of MiB makes next to no work for it.
 */
const nodes = await startRedisNodes(3);
t.teardown(() => Promise.all(nodes.map((node) => node.stop())));
const keyfan = await startKeyfan({ strategy: 'ring', nodes: nodes.map(({ address }) => address) });
t.teardown(() => keyfan.stop());

const load = (...args: readonly string[]) => run(REDIS_BENCHMARK, ['-h', '127.0.0.1', '-p', String(keyfan.port), ...CLIENTS, ...args]);
const marked = async (): Promise<number> => (await keyfan.metrics()).sum('nodejs_gc_duration_seconds_count', { kind: 'major' });

for (const { what, size, pipeline, command, requests } of [
  {
    what: 'GET of 10 KiB, pipelined: replies wait for others',
    size: 10_240,
    pipeline: 16,
    command: ['GET', 'k:__rand_int__'],
    requests: 40_000,
  },
  { what: 'GET of 20 KiB, pipelined', size: 20_480, pipeline: 16, command: ['GET', 'k:__rand_int__'], requests: 20_000 },
  { what: 'GET of 1 KiB, 256 at a time', size: 1024, pipeline: 256, command: ['GET', 'k:__rand_int__'], requests: 300_000 },
  {
    what: 'MGET of 100 values of 1 KiB: replies are merged',
    size: 1024,
    pipeline: 1,
    command: ['MGET', ...new Array(100).fill('k:__rand_int__')],
    requests: 4000,
  },
])
  t.test(what, async (t) => {
    await load('-n', '20000', '-P', '16', 'SET', 'k:__rand_int__', 'x'.repeat(size));
    // What the load needs at a time is made now.
    await load('-n', String(requests / 10), '-P', String(pipeline), ...command);
    const before = await marked();
    await load('-n', String(requests), '-P', String(pipeline), ...command);
    const count = (await marked()) - before;
    t.ok(count <= 3, `${count} in ${Math.round((requests * size * (command.length - 1)) / MIB)} MiB`);
  });

/**
 * What a client leaves behind must not be reached from what is old: else it lives, with all that came after it, until the next marking. It takes little for that: a closure
 * made in a setter was enough.
 */
t.test('clients that come and go are gone', async (t) => {
  const connects = (requests: number) => load('-n', String(requests), '-k', '0', '-t', 'get');
  const heap = async (): Promise<number> => (await keyfan.metrics()).sum('nodejs_heap_size_used_bytes') / MIB;
  await connects(3000);
  const sizes = [await heap()];
  let done = false;
  const loading = connects(20_000).finally(() => {
    done = true;
  });
  while (!done) {
    sizes.push(await heap());
    await sleep(50);
  }
  await loading;
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  t.ok(most - least < HEAP_MIB, `${most.toFixed(0)} MiB at the most, ${least.toFixed(0)} at the least`);
});
