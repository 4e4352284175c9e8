import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { cpuSeconds, familySeconds, watchOthers } from '../../../benchmarks/cpu.ts';
import { DATASETS } from '../../../benchmarks/datasets.ts';
import { peakRssMb, resetPeakRss } from '../../../benchmarks/memory.ts';
import { parseCsv } from '../../../benchmarks/redis-benchmark.ts';
import { asText, type Cell, mediansOf } from '../../../benchmarks/report.ts';
import { median, spread } from '../../../benchmarks/stats.ts';
import { parseBuild, planTargets } from '../../../benchmarks/targets.ts';
import { select, WORKLOADS } from '../../../benchmarks/workloads.ts';

t.test('median', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.equal(median([10, 9]), 9.5);
  t.ok(Number.isNaN(median([])));
});

t.test('spread', async (t) => {
  t.equal(spread([4, 5, 6]), 0.4);
  t.equal(spread([7]), 0);
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

t.test('what this process and its children use is not what others use', async (t) => {
  const others = watchOthers();
  // Asks seldom how long it has run: the asking is system time.
  const spin = 'do for (let i = 0; i < 5e6; i++); while (process.cpuUsage().user < 400_000);';
  spawnSync(process.execPath, ['-e', spin]);
  const share = others();
  t.ok(share >= 0 && share <= 1.01, `${share}`);
  const before = familySeconds();
  spawnSync(process.execPath, ['-e', spin]);
  const family = familySeconds() - before;
  t.ok(family >= 0.35 && family < 5, `a child that has ended is counted: ${family} s`);
});

t.test('peak memory of a process', async (t) => {
  const mb = 64;
  const block = () => Buffer.alloc(mb * 1024 * 1024, 1);
  let held: Buffer | undefined = block();
  const peak = peakRssMb(process.pid);
  t.ok(peak > mb && peak < 2000, `${peak} MB hold ${held.length} bytes`);
  t.ok(Number.isNaN(peakRssMb(2 ** 22 + 1)), 'no such process');
  t.equal(resetPeakRss(2 ** 22 + 1), false);
  held = undefined;
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 60_000)']);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  t.ok(resetPeakRss(process.pid));
  const alone = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024;
  const childs = peakRssMb(child.pid as number);
  // Peaks only grow: read in this order, the sum cannot be less.
  t.ok(childs > 10 && peakRssMb(process.pid) >= alone + childs, 'the living child is counted');
});

t.test('workloads', async (t) => {
  const names = (pattern: string): string[] => select(pattern).map(({ name }) => name);
  t.strictSame(names('^get-p1$'), ['get-p1']);
  t.strictSame(
    names('^(get-p16|mget-100)'),
    ['get-p16', 'mget-100', 'mget-1000', 'mget-100-p16', 'mget-100-of-1k', 'mget-100-of-1k-p16', 'get-p16-unix'].sort(byPlace),
  );
  t.strictSame(names('nonsense'), []);
  t.equal(select('', true).length, WORKLOADS.length);
  t.ok(select('').every(({ short }) => short));
  t.ok(select('').length < WORKLOADS.length / 2);
  t.equal(new Set(WORKLOADS.map(({ name }) => name)).size, WORKLOADS.length);
  t.equal(WORKLOADS.find(({ name }) => name === 'mset-10')?.args.length, 21);
  t.equal(WORKLOADS.find(({ name }) => name === 'set-1m-p1')?.args[2]?.length, 1024 * 1024);
  for (const { name, dataset, args } of WORKLOADS) {
    if (args.length > 0) t.ok(args.includes(`${DATASETS[dataset].prefix}:__rand_int__`), name);
  }
});

const byPlace = (a: string, b: string): number => {
  const place = (wanted: string): number => WORKLOADS.findIndex(({ name }) => name === wanted);
  return place(a) - place(b);
};

t.test('builds of keyfan', async (t) => {
  t.strictSame(parseBuild('main=/tmp/a=b/dist'), ['main', '/tmp/a=b/dist']);
  for (const bad of ['main', '=dist', 'main=', 'a b=dist']) t.throws(() => parseBuild(bad), /must be label=distdir/, bad);
  const plan = (names: string[], builds: string[] = []) => planTargets({ names, builds, nodeArgs: [] }).map(({ name }) => name);
  t.strictSame(plan(['direct', 'keyfan']), ['direct', 'keyfan']);
  t.throws(() => plan(['keyfan'], ['a=/nowhere']), /a: there is no \/nowhere\/src\/main\.js/);
  t.strictSame(plan(['keyfan'], ['a=dist', 'b=dist']), ['a', 'b']);
  t.throws(() => plan(['direct', 'keyfan'], ['direct=dist']), /two targets are called direct/);
  t.throws(() => plan(['envoy']), /unknown target envoy/);
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
    peakRssMb: 10 * round,
  });
  const cells = [1, 2, 3].flatMap((round) => [cell('nutcracker', round, 100 * round, 4), cell('keyfan', round, 300 * round, round)]);
  t.equal(mediansOf(cells, 'get-p16', 'keyfan')?.requestsPerSecond, 600);
  t.equal(mediansOf(cells, 'get-p16', 'direct'), undefined);
  const machine = {
    cpu: 'c',
    cores: 2,
    memory: 'm',
    kernel: 'k',
    node: 'n',
    redis: 'r',
    nutcracker: 'nc',
    loadBefore: '0',
    othersBusy: '0',
  };
  const lines = asText({
    date: 'd',
    name: 'x',
    machine,
    options: {},
    cells,
    failures: [{ workload: 'w', target: 't', message: 'm' }],
    goals: [],
  }).split('\n');
  t.match(lines[1], /^get-p16 +nutcracker +200 +1\.00 +2\.00 +4\.00 +1\.00 +50 % +20$/);
  t.match(lines[2], /^get-p16 +keyfan +600 +1\.00 +2\.00 +2\.00 +1\.00 +50 % +20 +3\.00× +1\.00× +0\.50× +1\.00×$/);
  t.equal(lines.at(-1), 'not measured: w, t: m');
});
