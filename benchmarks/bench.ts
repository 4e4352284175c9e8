/**
 * npm run bench: redis-benchmark against one node directly, nutcracker and keyfan in one run, alternating.
 *
 *   for each workload: warm-up of every target (finds how many requests fill a cell)
 *   for each round: for each target, in an order that rotates: one cell = one redis-benchmark run
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasNutcracker } from '../test/support/nutcracker.ts';
import { PROJECT_ROOT } from '../test/support/project.ts';
import type { RedisNode } from '../test/support/redis.ts';
import { cpuSeconds } from './cpu.ts';
import { describeMachine } from './machine.ts';
import { topFunctions } from './profile.ts';
import { runRedisBenchmark } from './redis-benchmark.ts';
import { asMarkdown, asText, type Cell, mediansOf, type Results } from './report.ts';
import { startNodes, TARGETS, type Target, type TargetName } from './targets.ts';
import { select, WORKLOADS, type Workload } from './workloads.ts';

const USAGE = `npm run bench -- [options]
  --only get-p16,mget     workloads whose name begins with one of these (--list names them)
  --rounds 3              rounds; medians are reported
  --seconds 1.2           how long a cell shall take, about
  --target keyfan,direct  only these of direct, nutcracker, keyfan
  --node-args "--flag …"  flags for keyfan's node
  --cpu-prof              profile keyfan, show where its time goes and keep the profile
  --name NAME             results go to benchmarks/results/DATE-NAME.json and .md (default bench)
  --no-save               only print`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.2' },
    target: { type: 'string', default: 'direct,nutcracker,keyfan' },
    'node-args': { type: 'string', default: '' },
    'cpu-prof': { type: 'boolean', default: false },
    name: { type: 'string', default: 'bench' },
    'no-save': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Long enough for the compiler of V8 to settle on the hot path. */
const WARM_UP_SECONDS = 0.5;

async function main(): Promise<void> {
  if (values.help) return void print(USAGE);
  if (values.list) return void print(WORKLOADS.map(({ name }) => name).join('\n'));
  const workloads = select(words(values.only));
  if (workloads.length === 0) throw new Error(`no workload begins with ${values.only}\n${USAGE}`);
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!(rounds >= 1) || !(seconds > 0)) throw new Error(USAGE);
  const profileDir = values['cpu-prof'] ? await mkdtemp(join(tmpdir(), 'keyfan-profile-')) : undefined;
  const nodeArgs = [...words(values['node-args']), ...(profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [])];

  const nodes = await startNodes();
  const targets: Target[] = [];
  try {
    for (const name of targetNames()) targets.push(await TARGETS[name](nodes, { nodeArgs }));
    const cells: Cell[] = [];
    for (const workload of workloads) cells.push(...(await measure(workload, targets, nodes, rounds, seconds)));
    const options = { seconds, nodeArgs: values['node-args'], hash: 'murmur', distribution: 'ketama', nodes: nodes.length };
    await finish({ date: new Date().toISOString().slice(0, 10), name: values.name, machine: describeMachine(), rounds, options, cells });
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
    await Promise.all(nodes.map((node) => node.stop()));
  }
  if (profileDir) print(`\nkeyfan's self time (profile in ${profileDir}):\n${topFunctions(profileDir).join('\n')}`);
}

function targetNames(): TargetName[] {
  return words(values.target).map((name) => {
    if (!Object.hasOwn(TARGETS, name)) throw new Error(`unknown target ${name}\n${USAGE}`);
    if (name === 'nutcracker' && !hasNutcracker) throw new Error('nutcracker is not installed: install it or use --target direct,keyfan');
    return name as TargetName;
  });
}

async function measure(
  workload: Workload,
  targets: readonly Target[],
  nodes: readonly RedisNode[],
  rounds: number,
  seconds: number,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  const requests = new Map<TargetName, number>();
  for (const target of targets) requests.set(target.name, await warmUp(target, workload, seconds));
  for (let round = 1; round <= rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const target = targets[(turn + round) % targets.length] as Target;
      cells.push(await measureCell(target, nodes, workload, round, requests.get(target.name) as number));
    }
  }
  const medians = targets.map(({ name }) => {
    const own = mediansOf(cells, workload.name, name);
    return `${name} ${Math.round((own?.requestsPerSecond ?? 0) / 1000)} k/s ${own?.cpuMicrosPerRequest.toFixed(2)} µs`;
  });
  print(`${workload.name.padEnd(12)} ${medians.join(' · ')}`);
  return cells;
}

/** Runs ever larger batches until one is long enough to tell how many requests take `seconds`. */
async function warmUp(target: Target, workload: Workload, seconds: number): Promise<number> {
  let requests = workload.clients * workload.pipeline;
  for (;;) {
    const { requestsPerSecond, requests: done } = await runRedisBenchmark(target.port, workload, requests);
    if (done / requestsPerSecond >= WARM_UP_SECONDS / 2) return Math.ceil(requestsPerSecond * seconds);
    requests = Math.max(done * 2, Math.ceil(requestsPerSecond * WARM_UP_SECONDS));
  }
}

async function measureCell(
  target: Target,
  nodes: readonly RedisNode[],
  workload: Workload,
  round: number,
  requests: number,
): Promise<Cell> {
  const nodesCpu = (): number => nodes.reduce((sum, node) => sum + cpuSeconds(node.pid), 0);
  const [before, nodesBefore] = [cpuSeconds(target.pid), nodesCpu()];
  const measured = await runRedisBenchmark(target.port, workload, requests);
  const perRequest = (seconds: number): number => (seconds * 1e6) / measured.requests;
  return {
    workload: workload.name,
    target: target.name,
    round,
    ...measured,
    cpuMicrosPerRequest: perRequest(cpuSeconds(target.pid) - before),
    nodesMicrosPerRequest: perRequest(nodesCpu() - nodesBefore),
  };
}

async function finish(results: Results): Promise<void> {
  print(`\n${asText(results)}`);
  if (values['no-save']) return;
  const dir = join(PROJECT_ROOT, 'benchmarks/results');
  await mkdir(dir, { recursive: true });
  const file = join(dir, `${results.date}-${results.name}`);
  await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${file}.md`, asMarkdown(results));
  print(`\nwritten: benchmarks/results/${results.date}-${results.name}.json and .md`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
