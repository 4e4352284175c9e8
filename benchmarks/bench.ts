/**
 * npm run bench: one node directly, nutcracker and keyfan (or several builds of it) in one run, alternating.
 *
 *   for each row: start the proxies, exercise and warm up each (which finds how many requests fill a cell)
 *     for each round: for each target, in an order that rotates: one cell = one run of redis-benchmark
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changesAsText, compareTargets } from './compare.ts';
import { watchOthers } from './cpu.ts';
import { type DatasetName, fill, KEYSPACE } from './datasets.ts';
import { judge } from './goals.ts';
import { describeMachine } from './machine.ts';
import { measureRow, type Plan } from './measure.ts';
import { failWith, print, save, tellOthers, today, warnIfBusy, words } from './output.ts';
import { topFunctions } from './profile.ts';
import { asMarkdown, asText, type Cell, type Failure, goalsAsText, isKeyfan, mediansOf, type Results, targetsIn } from './report.ts';
import { PLACEMENT, planTargets, startFleet, type TargetPlan } from './targets.ts';
import { select, WORKLOADS, type Workload } from './workloads.ts';

const USAGE = `npm run bench -- [options]            the short form: the rows that have goals, under 5 minutes
npm run bench:full -- [options]       all rows
  --rows GREP             rows whose name matches this regular expression (--list names them all)
  --rounds 5              rounds, direct Redis two at most; medians are reported
  --seconds 0.8           how long a cell shall take, about
  --keyspace 10000        how many keys
  --target keyfan,direct  only these of direct, nutcracker, keyfan
  --keyfan LABEL=DIST     another build of keyfan, by its dist directory; more than once: they are compared with the first
  --node-args "--flag …"  flags for keyfan's node
  --cpu-prof              profile keyfan, show where its time goes in the last row and keep the profiles
  --name NAME             results go to benchmarks/results/DATE-NAME.json and .md (default bench, or full)
  --no-save               only print`;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    full: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.8' },
    keyspace: { type: 'string', default: String(KEYSPACE) },
    target: { type: 'string', default: 'direct,nutcracker,keyfan' },
    keyfan: { type: 'string', multiple: true, default: [] },
    'node-args': { type: 'string', default: '' },
    'cpu-prof': { type: 'boolean', default: false },
    name: { type: 'string' },
    'no-save': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void print(USAGE);
  if (values.list) return void print(WORKLOADS.map(({ name, short }) => `${name}${short ? '  (short form)' : ''}`).join('\n'));
  const workloads = select(values.rows, values.full);
  if (workloads.length === 0) throw new Error(`no row matches ${values.rows}\n${USAGE}`);
  const plan: Plan = { rounds: Number(values.rounds), seconds: Number(values.seconds), keyspace: Number(values.keyspace) };
  if (!(plan.rounds >= 1 && plan.seconds > 0 && plan.keyspace >= 1)) throw new Error(USAGE);
  const profileDir = values['cpu-prof'] ? await mkdtemp(join(tmpdir(), 'keyfan-profile-')) : undefined;
  const nodeArgs = [...words(values['node-args']), ...(profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [])];
  const targets = planTargets({ names: words(values.target), builds: values.keyfan, nodeArgs });

  const before = describeMachine();
  warnIfBusy(before.loadBefore);
  const others = watchOthers();
  const { cells, failures } = await measureAll(workloads, targets, plan);
  const machine = { ...before, othersBusy: tellOthers(others()) };
  const options = { ...plan, nodeArgs: values['node-args'], builds: values.keyfan, ...PLACEMENT };
  const name = values.name ?? (values.full ? 'full' : 'bench');
  await finish({ date: today(), name, machine, options, cells, failures, goals: judge(cells) });
  if (profileDir) print(`\nkeyfan's self time (profiles in ${profileDir}):\n${topFunctions(profileDir).join('\n')}`);
}

async function measureAll(
  workloads: readonly Workload[],
  targets: readonly TargetPlan[],
  plan: Plan,
): Promise<{ cells: Cell[]; failures: Failure[] }> {
  const cells: Cell[] = [];
  const failures: Failure[] = [];
  const fleet = await startFleet();
  try {
    // Those of the mixed workload, which every proxy sees first, and those of the rows.
    const datasets = new Set<DatasetName>(['small', '1k', ...workloads.map(({ dataset }) => dataset)]);
    await fill(fleet.nodes, [...datasets], plan.keyspace);
    for (const workload of workloads) {
      const row = await measureRow(workload, targets, fleet, plan);
      cells.push(...row.cells);
      failures.push(...row.failures);
      print(progressOf(workload, row));
    }
  } finally {
    await fleet.stop();
  }
  return { cells, failures };
}

function progressOf({ name }: Workload, { cells, failures }: { cells: readonly Cell[]; failures: readonly Failure[] }): string {
  const medians = targetsIn(cells).map((target) => {
    const own = mediansOf(cells, name, target);
    return `${target} ${((own?.requestsPerSecond ?? 0) / 1000).toFixed(1)} k/s ${own?.cpuMicrosPerRequest.toFixed(2)} µs`;
  });
  return `${name.padEnd(14)} ${[...medians, ...failures.map(({ target, message }) => `${target} FAILED: ${message}`)].join(' · ')}`;
}

async function finish(results: Results): Promise<void> {
  print(`\n${asText(results)}`);
  const [base, ...others] = targetsIn(results.cells).filter(isKeyfan);
  for (const other of others) {
    print(`\n${other} against ${base}:\n${changesAsText(compareTargets(results.cells, base as string, other))}`);
  }
  print(`\nGoals, as ratios keyfan / nutcracker, in brackets the range over the rounds:\n${goalsAsText(results.goals)}`);
  if (!values['no-save']) await save(results, asMarkdown(results));
}

main().catch(failWith);
