import { cpuSeconds } from './cpu.ts';
import { DATASETS, keysOf } from './datasets.ts';
import { runClosedLoop } from './load/closed-loop.ts';
import { mixedBatches } from './load/mixed.ts';
import { peakRssMb, resetPeakRss } from './memory.ts';
import { type Measured, runRedisBenchmark } from './redis-benchmark.ts';
import type { Cell, Failure } from './report.ts';
import { DIRECT, type Fleet, type Target, type TargetPlan } from './targets.ts';
import type { Workload } from './workloads.ts';

export interface Plan {
  readonly rounds: number;
  /** How long a cell shall take, about. */
  readonly seconds: number;
  readonly keyspace: number;
}

/** No goal concerns the node itself: its rounds beyond these are left out. */
const DIRECT_ROUNDS = 2;
/** Long enough for the compiler of V8 to settle on the hot path; where requests are large, it takes a number of them. */
const WARM_UP_SECONDS = 0.6;
const WARM_UP_REQUESTS = 2000;
const WARM_UP_BYTES = 32 * 1024 * 1024;
/** Before a row, a fresh proxy sees this many requests of all kinds, so that no compiler takes the row for all there is. */
const EXERCISE = { clients: 50, pipeline: 16, requests: 60_000 };

/**
 * One row: proxies are started for it, so that neither memory nor compiled code of another row is in its figures. Each is
 * exercised and warmed up alike, then the rounds alternate. What fails is left out from then on.
 */
export async function measureRow(
  workload: Workload,
  plans: readonly TargetPlan[],
  fleet: Fleet,
  plan: Plan,
): Promise<{ cells: Cell[]; failures: Failure[] }> {
  const cells: Cell[] = [];
  const failures: Failure[] = [];
  const running: { readonly target: Target; readonly requests: number }[] = [];
  const started: Target[] = [];
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (failures.some(({ target }) => target === name)) return;
    await work().catch((error: Error) => {
      failures.push({ workload: workload.name, target: name, message: error.message });
    });
  };
  try {
    for (const targetPlan of plans) {
      await attempt(targetPlan.name, async () => {
        const target = await targetPlan.start(fleet);
        started.push(target);
        if (target.name !== DIRECT) await exercise(target, workload.over, plan.keyspace);
        running.push({ target, requests: await warmUp(target, workload, plan) });
      });
    }
    for (let round = 1; round <= plan.rounds; round++) {
      for (let place = 0; place < running.length; place++) {
        const { target, requests } = running[(place + round) % running.length] as (typeof running)[number];
        if (target.name === DIRECT && round > DIRECT_ROUNDS) continue;
        await attempt(target.name, async () => {
          cells.push(await measureCell({ target, fleet, workload, round, requests, keyspace: plan.keyspace }));
        });
      }
    }
  } finally {
    await Promise.all(started.map((target) => target.stop()));
  }
  return { cells, failures };
}

export async function exercise(target: Target, over: Workload['over'], keyspace: number): Promise<void> {
  await runClosedLoop(target.destinations[over], { ...EXERCISE, batches: mixedBatches(EXERCISE.pipeline, keyspace) });
}

/** Runs ever larger batches until one is long enough to tell how many requests take `seconds`. */
async function warmUp(target: Target, workload: Workload, { seconds, keyspace }: Plan): Promise<number> {
  // Fewer may take less than a millisecond, which redis-benchmark calls infinitely fast.
  const first = Math.min(WARM_UP_REQUESTS, Math.ceil(WARM_UP_BYTES / bytesOf(workload)));
  let requests = Math.max(first, workload.clients * workload.pipeline);
  for (let warmed = 0; ; ) {
    const { requestsPerSecond, requests: done } = await run(target, workload, requests, keyspace);
    warmed += done;
    if (warmed >= WARM_UP_REQUESTS && done / requestsPerSecond >= WARM_UP_SECONDS / 2)
      return Math.ceil(requestsPerSecond * seconds * stretchOf(workload));
    requests = Math.max(done * 2, Math.ceil(requestsPerSecond * WARM_UP_SECONDS));
  }
}

/** Connecting, and windows that grow, are in the figures of a cell: where they weigh much it is longer. */
const LARGE_BYTES = 100_000;
function stretchOf(workload: Workload): number {
  if (workload.clients >= 1000) return 3;
  return bytesOf(workload) >= LARGE_BYTES ? 2 : 1;
}

/** About what a request or its reply weighs. */
const bytesOf = ({ dataset, args }: Workload): number => DATASETS[dataset].valueBytes + args.join('').length + 1;

function run(target: Target, workload: Workload, requests: number, keyspace: number): Promise<Measured> {
  const destination = target.destinations[workload.over];
  if (workload.args.length > 0) return runRedisBenchmark(destination, workload, requests, keysOf(workload.dataset, keyspace));
  const { clients, pipeline } = workload;
  return runClosedLoop(destination, { clients, pipeline, requests, batches: mixedBatches(pipeline, keyspace) });
}

interface CellPlan {
  readonly target: Target;
  readonly fleet: Fleet;
  readonly workload: Workload;
  readonly round: number;
  readonly requests: number;
  readonly keyspace: number;
}

async function measureCell({ target, fleet, workload, round, requests, keyspace }: CellPlan): Promise<Cell> {
  const nodesCpu = (): number => fleet.nodes.reduce((sum, node) => sum + cpuSeconds(node.pid), 0);
  resetPeakRss(target.pid);
  const [before, nodesBefore] = [cpuSeconds(target.pid), nodesCpu()];
  const measured = await run(target, workload, requests, keyspace);
  const perRequest = (seconds: number): number => (seconds * 1e6) / measured.requests;
  return {
    workload: workload.name,
    target: target.name,
    round,
    ...measured,
    cpuMicrosPerRequest: perRequest(cpuSeconds(target.pid) - before),
    nodesMicrosPerRequest: perRequest(nodesCpu() - nodesBefore),
    peakRssMb: peakRssMb(target.pid),
  };
}
