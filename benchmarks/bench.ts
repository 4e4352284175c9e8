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
import { KEYSPACE, select, WORKLOADS, type Workload } from './workloads.ts';

const USAGE = `npm run bench -- [options]
  --only get-p16,mget     workloads by name or by the beginning of it (--list names them)
  --rounds 3              rounds; medians are reported
  --seconds 1.2           how long a cell shall take, about
  --keyspace 10000        how many keys
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
    keyspace: { type: 'string', default: String(KEYSPACE) },
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
const BUSY_LOAD = 0.5;

interface Plan {
  readonly rounds: number;
  /** How long a cell shall take, about. */
  readonly seconds: number;
  readonly keyspace: number;
}

async function main(): Promise<void> {
  if (values.help) return void print(USAGE);
  if (values.list) return void print(WORKLOADS.map(({ name }) => name).join('\n'));
  const workloads = select(words(values.only));
  if (workloads.length === 0) throw new Error(`no workload begins with ${values.only}\n${USAGE}`);
  const plan: Plan = { rounds: Number(values.rounds), seconds: Number(values.seconds), keyspace: Number(values.keyspace) };
  if (!(plan.rounds >= 1 && plan.seconds > 0 && plan.keyspace >= 1)) throw new Error(USAGE);
  const profileDir = values['cpu-prof'] ? await mkdtemp(join(tmpdir(), 'keyfan-profile-')) : undefined;
  const nodeArgs = [...words(values['node-args']), ...(profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [])];

  const machine = describeMachine();
  if (Number(machine.loadBefore) > BUSY_LOAD)
    print(`warning: load average ${machine.loadBefore}: something else is running, throughput will mislead`);
  const nodes = await startNodes(plan.keyspace);
  const targets: Target[] = [];
  try {
    for (const name of targetNames()) targets.push(await TARGETS[name](nodes, { nodeArgs }));
    const cells: Cell[] = [];
    for (const workload of workloads) cells.push(...(await measure(workload, targets, nodes, plan)));
    const options = { ...plan, nodeArgs: values['node-args'], hash: 'murmur', distribution: 'ketama', nodes: nodes.length };
    await finish({ date: new Date().toISOString().slice(0, 10), name: values.name, machine, options, cells });
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

async function measure(workload: Workload, targets: readonly Target[], nodes: readonly RedisNode[], plan: Plan): Promise<Cell[]> {
  const cells: Cell[] = [];
  const requests = new Map<TargetName, number>();
  for (const target of targets) requests.set(target.name, await warmUp(target, workload, plan));
  for (let round = 1; round <= plan.rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const target = targets[(turn + round) % targets.length] as Target;
      cells.push(
        await measureCell({ target, nodes, workload, round, requests: requests.get(target.name) as number, keyspace: plan.keyspace }),
      );
    }
  }
  const medians = targets.map(({ name }) => {
    const own = mediansOf(cells, workload.name, name);
    return `${name} ${Math.round((own?.requestsPerSecond ?? 0) / 1000)} k/s ${own?.cpuMicrosPerRequest.toFixed(2)} µs`;
  });
  print(`${workload.name.padEnd(12)} ${medians.join(' · ')}`);
  return cells;
}

const WARM_UP_REQUESTS = 2000;

/** Runs ever larger batches until one is long enough to tell how many requests take `seconds`. */
async function warmUp(target: Target, workload: Workload, { seconds, keyspace }: Plan): Promise<number> {
  // Fewer may take less than a millisecond, which redis-benchmark calls infinitely fast.
  let requests = Math.max(WARM_UP_REQUESTS, workload.clients * workload.pipeline);
  for (;;) {
    const { requestsPerSecond, requests: done } = await runRedisBenchmark(target.port, workload, requests, keyspace);
    if (done / requestsPerSecond >= WARM_UP_SECONDS / 2) return Math.ceil(requestsPerSecond * seconds);
    requests = Math.max(done * 2, Math.ceil(requestsPerSecond * WARM_UP_SECONDS));
  }
}

interface CellPlan {
  readonly target: Target;
  readonly nodes: readonly RedisNode[];
  readonly workload: Workload;
  readonly round: number;
  readonly requests: number;
  readonly keyspace: number;
}

async function measureCell({ target, nodes, workload, round, requests, keyspace }: CellPlan): Promise<Cell> {
  const nodesCpu = (): number => nodes.reduce((sum, node) => sum + cpuSeconds(node.pid), 0);
  const [before, nodesBefore] = [cpuSeconds(target.pid), nodesCpu()];
  const measured = await runRedisBenchmark(target.port, workload, requests, keyspace);
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
