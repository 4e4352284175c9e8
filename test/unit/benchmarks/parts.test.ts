import t from 'tap';
import { cpuSeconds } from '../../../benchmarks/cpu.ts';
import { parseCsv } from '../../../benchmarks/redis-benchmark.ts';
import { asText, type Cell, mediansOf } from '../../../benchmarks/report.ts';
import { median } from '../../../benchmarks/stats.ts';
import { DATASETS, select, WORKLOADS } from '../../../benchmarks/workloads.ts';

t.test('median', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.equal(median([10, 9]), 9.5);
  t.ok(Number.isNaN(median([])));
});

t.test("redis-benchmark's CSV", async (t) => {
  const heading = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"';
  const warning = 'WARNING: Could not fetch server CONFIG';
  const row = '"GET key:__rand_int__","800000.50","0.566","0.168","0.527","0.847","1.023","1.127"';
  t.strictSame(parseCsv(`${warning}\n${heading}\n${row}\n`), { requestsPerSecond: 800000.5, p50Ms: 0.527, p99Ms: 1.023 });
  t.throws(() => parseCsv(`${heading}\nError from server: ERR no\n${row}\n`), /redis-benchmark: Error from server: ERR no/);
  t.throws(() => parseCsv(`${heading}\n`), /expected a heading and one row/);
  t.throws(() => parseCsv(`${heading.replace('p99_latency_ms', 'p98_latency_ms')}\n${row}\n`), /no p99_latency_ms/);
});

t.test('CPU time of a process', async (t) => {
  const usage = process.cpuUsage();
  const seconds = (usage.user + usage.system) / 1e6;
  t.ok(Math.abs(cpuSeconds(process.pid) - seconds) < 0.1 + seconds * 0.1, `${cpuSeconds(process.pid)} s is about ${seconds} s`);
  t.equal(cpuSeconds(2 ** 22 + 1), 0, 'no such process');
});

t.test('workloads', async (t) => {
  const names = (...words: string[]): string[] => select(words).map(({ name }) => name);
  t.strictSame(names('get-p1'), ['get-p1']);
  t.strictSame(names('get-p', 'mget-100'), ['get-p1', 'get-p16', 'get-p64', 'mget-100']);
  t.equal(select([]).length, WORKLOADS.length);
  t.strictSame(select(['nonsense']), []);
  t.equal(new Set(WORKLOADS.map(({ name }) => name)).size, WORKLOADS.length);
  const mset = WORKLOADS.find(({ name }) => name === 'mset-10');
  t.equal(mset?.args.length, 21);
  for (const { name, dataset, args } of WORKLOADS) t.ok(args.includes(`${DATASETS[dataset].prefix}:__rand_int__`), name);
});

t.test('the report: medians over rounds, ratios keyfan / nutcracker', async (t) => {
  const cell = (target: Cell['target'], round: number, requestsPerSecond: number, cpuMicrosPerRequest: number): Cell => ({
    workload: 'get-p16',
    target,
    round,
    requests: 1,
    requestsPerSecond,
    p50Ms: 1,
    p99Ms: 2,
    clientBusy: 0.5,
    cpuMicrosPerRequest,
    nodesMicrosPerRequest: 1,
  });
  const cells = [1, 2, 3].flatMap((round) => [cell('nutcracker', round, 100 * round, 4), cell('keyfan', round, 300 * round, round)]);
  t.equal(mediansOf(cells, 'get-p16', 'keyfan')?.requestsPerSecond, 600);
  t.equal(mediansOf(cells, 'get-p16', 'direct'), undefined);
  const machine = { cpu: 'c', cores: 2, memory: 'm', kernel: 'k', node: 'n', redis: 'r', nutcracker: 'nc', loadBefore: '0' };
  const lines = asText({ date: 'd', name: 'x', machine, options: {}, cells }).split('\n');
  t.match(lines[1], /^get-p16 +nutcracker +200 +1\.00 +2\.00 +4\.00 +1\.00 +50 %$/);
  t.match(lines[2], /^get-p16 +keyfan +600 +1\.00 +2\.00 +2\.00 +1\.00 +50 % +3\.00× +1\.00× +0\.50×$/);
});
