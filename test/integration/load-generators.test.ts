import t from 'tap';
import { fill, keyOf } from '../../benchmarks/datasets.ts';
import { runClosedLoop } from '../../benchmarks/load/closed-loop.ts';
import { mixedBatches } from '../../benchmarks/load/mixed.ts';
import { runOpenLoop } from '../../benchmarks/load/open-loop.ts';
import { runRedisBenchmark } from '../../benchmarks/redis-benchmark.ts';
import { WORKLOADS, type Workload } from '../../benchmarks/workloads.ts';
import { startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';

const KEYS = 50;
const node = await startRedis();
t.teardown(() => node.stop());
await fill([node], ['small', '1k', 'list'], KEYS);
const to = { port: node.port };

const commandsRun = async (name: string): Promise<number> => {
  const stats = String(await node.call('INFO', 'commandstats'));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
};

t.test('the datasets are there', async (t) => {
  t.equal(await node.call('GET', keyOf('small', KEYS - 1)), 'xxx');
  t.equal(await node.call('STRLEN', keyOf('1k', 0)), 1024);
  t.equal(await node.call('LLEN', keyOf('list', KEYS - 1)), 600);
  t.equal(await node.call('DBSIZE'), 3 * KEYS);
});

t.test('closed loop: every request is sent once and answered', async (t) => {
  const before = await commandsRun('mget');
  const plan = { clients: 5, pipeline: 16, requests: 4000, batches: mixedBatches(16, KEYS) };
  const result = await runClosedLoop(to, plan);
  t.equal(result.requests, 4000);
  t.ok(result.requestsPerSecond > 0 && result.p50Ms > 0 && result.p99Ms >= result.p50Ms && result.clientBusy > 0);
  const sent = plan.batches.slice(0, 250).reduce((sum, batch) => sum + batch.toString('latin1').split('MGET').length - 1, 0);
  t.ok(sent > 0);
  t.equal((await commandsRun('mget')) - before, sent);
});

t.test('open loop: as many requests as the rate says, answered all', async (t) => {
  const before = await commandsRun('strlen');
  const plan = { ratePerSecond: 2000, warmUpSeconds: 0.1, seconds: 0.3, connections: 7, requests: [encode(['STRLEN', keyOf('1k', 1)])] };
  const { histogram, unanswered } = await runOpenLoop(to, plan);
  t.equal((await commandsRun('strlen')) - before, 800);
  t.strictSame([histogram.count, unanswered], [600, 0], 'the warm-up is not recorded');
});

t.test('an error reply is not passed over', async (t) => {
  const requests = [encode(['GET', keyOf('list', 0)])];
  const open = { ratePerSecond: 100, warmUpSeconds: 0, seconds: 0.05, connections: 1, requests };
  await t.rejects(runOpenLoop(to, open), /5 error replies, the first: -WRONGTYPE/);
  await t.rejects(runClosedLoop(to, { clients: 1, pipeline: 1, requests: 3, batches: requests }), /3 error replies, the first: -WRONGTYPE/);
});

t.test('redis-benchmark: values too long for its command line', async (t) => {
  const workload = WORKLOADS.find(({ name }) => name === 'set-1m-p1') as Workload;
  const { requests } = await runRedisBenchmark(to, { ...workload, clients: 2 }, 8, 1);
  t.equal(requests, 8);
  t.equal(await node.call('STRLEN', keyOf('1m', 0)), 1024 * 1024);
});

t.test('a server that is not there', async (t) => {
  const gone = { path: '/nowhere/socket' };
  await t.rejects(runClosedLoop(gone, { clients: 1, pipeline: 1, requests: 1, batches: mixedBatches(1, 1, 1) }), /ENOENT/);
});
