/**
 * npm run bench:latency: how long a request takes at a fixed rate, against one node directly, nutcracker and keyfan, alternating.
 *
 *   for each rate: for each round: for each target, in an order that rotates: one run of the open loop
 */
import { parseArgs } from 'node:util';
import { Random } from '../test/support/random.ts';
import type { RedisNode } from '../test/support/redis.ts';
import { encode } from '../test/support/resp.ts';
import { cpuSeconds, watchOthers } from './cpu.ts';
import { fill, KEYSPACE, keyOf } from './datasets.ts';
import { checkGenerator } from './latency-check.ts';
import { judgeLatency, type LatencyCell, latencyAsMarkdown, latencyAsText } from './latency-report.ts';
import { type OpenLoopPlan, runOpenLoop } from './load/open-loop.ts';
import { describeMachine } from './machine.ts';
import { exercise } from './measure.ts';
import { failWith, print, save, tellOthers, today, warnIfBusy, words } from './output.ts';
import { type Fleet, PLACEMENT, planTargets, startFleet, type Target, type TargetPlan } from './targets.ts';

const USAGE = `npm run bench:latency -- [options]
  --rates 10000,20000,40000  requests a second
  --rounds 7                 rounds; medians are reported
  --seconds 2                how long a run is recorded, behind half a second of warm-up
  --connections 50
  --target keyfan,direct     only these of direct, nutcracker, keyfan
  --keyfan LABEL=DIST        another build of keyfan, by its dist directory; more than once
  --node-args "--flag …"     flags for keyfan's node
  --name latency             results go to benchmarks/results/DATE-NAME.json and .md
  --no-save                  only print
  --check                    only check the generator: against one node directly, undisturbed and stopped for 100 ms`;

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '10000,20000,40000' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '50' },
    target: { type: 'string', default: 'direct,nutcracker,keyfan' },
    keyfan: { type: 'string', multiple: true, default: [] },
    'node-args': { type: 'string', default: '' },
    name: { type: 'string', default: 'latency' },
    'no-save': { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const WARM_UP_SECONDS = 0.5;

async function main(): Promise<void> {
  if (values.help) return void print(USAGE);
  const rates = words(values.rates).map(Number);
  const rounds = Number(values.rounds);
  const plan = {
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    requests: gets(),
  };
  if (!(rates.length > 0 && rates.every((rate) => rate > 0) && rounds >= 1 && plan.seconds > 0 && plan.connections >= 1))
    throw new Error(USAGE);
  const plans = planTargets({ names: words(values.target), builds: values.keyfan, nodeArgs: words(values['node-args']) });
  const before = describeMachine();
  warnIfBusy(before.loadBefore);
  const others = watchOthers();
  const fleet = await startFleet();
  try {
    await fill(fleet.nodes, ['small', '1k'], KEYSPACE);
    if (values.check) {
      for (const ratePerSecond of rates) await checkGenerator(fleet.nodes[0] as RedisNode, { ...plan, ratePerSecond });
      return;
    }
    const latency = await measureAll(
      plans,
      fleet,
      rates.map((ratePerSecond) => ({ ...plan, ratePerSecond })),
      rounds,
    );
    const machine = { ...before, othersBusy: tellOthers(others()) };
    const { requests: _, ...shape } = plan;
    const options = { rounds, ...shape, builds: values.keyfan, nodeArgs: values['node-args'], ...PLACEMENT };
    const results = { date: today(), name: values.name, machine, options, latency, goals: judgeLatency(latency) };
    print(`\n${latencyAsText(results)}`);
    if (!values['no-save']) await save(results, latencyAsMarkdown(results));
  } finally {
    await fleet.stop();
  }
}

/** GETs of keys that exist, in an order that is the same every time. */
function gets(): Buffer[] {
  const random = new Random(1);
  return Array.from({ length: KEYSPACE }, () => encode(['GET', keyOf('small', random.below(KEYSPACE))]));
}

async function measureAll(
  plans: readonly TargetPlan[],
  fleet: Fleet,
  loads: readonly OpenLoopPlan[],
  rounds: number,
): Promise<LatencyCell[]> {
  const cells: LatencyCell[] = [];
  const targets: Target[] = [];
  try {
    for (const plan of plans) {
      const target = await plan.start(fleet);
      targets.push(target);
      await exercise(target, 'tcp', KEYSPACE);
    }
    for (const load of loads) {
      for (let round = 1; round <= rounds; round++) {
        for (let place = 0; place < targets.length; place++) {
          cells.push(await measureCell(targets[(place + round) % targets.length] as Target, load, round));
        }
      }
      print(`${load.ratePerSecond}/s done`);
    }
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
  return cells;
}

async function measureCell(target: Target, load: OpenLoopPlan, round: number): Promise<LatencyCell> {
  const [before, began] = [cpuSeconds(target.pid), performance.now()];
  const { histogram, lateness, unanswered, achievedPerSecond, generatorBusy } = await runOpenLoop(target.destinations.tcp, load);
  const ms = (percent: number): number => histogram.percentile(percent) / 1000;
  return {
    ratePerSecond: load.ratePerSecond,
    target: target.name,
    round,
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    maxMs: histogram.max / 1000,
    lateP999Ms: lateness.percentile(99.9) / 1000,
    achievedPerSecond,
    unanswered,
    targetBusy: (cpuSeconds(target.pid) - before) / ((performance.now() - began) / 1000),
    generatorBusy,
  };
}

main().catch(failWith);
