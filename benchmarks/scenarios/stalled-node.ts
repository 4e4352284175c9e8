import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Finding, info, ms, timesAtMost } from './finding.ts';
import { RETRY_MS, type Stretch } from './load/normal.ts';
import type { Scenario } from './scenario.ts';
import { noErrors, setStage, startNormal, stretch } from './stage.ts';

/** Long enough for what else the machine does to show here as it does meanwhile. */
const ALONE_MS = 15_000;
const STALL_MS = 30_000;
const RECOVERY_MS = 1000;
const AFTER_MS = 5000;

/** One node of four stops for 30 s. Each client has keys of one node only: what does not need the node must not feel it. */
export const stalledNode: Scenario = async ({ thinkMs, print }) => {
  const stage = await setStage({ nodes: 4 });
  const normal = startNormal(stage, thinkMs, (node) => (node === 0 ? 'stalled' : 'others'));
  try {
    await sleep(1000);
    normal.mark('before');
    await sleep(ALONE_MS);
    print(`  one node of four is stopped for ${STALL_MS / 1000} s`);
    normal.mark('stalled');
    await stage.nodes[0]?.pause();
    await sleep(STALL_MS);
    normal.mark('after');
    stage.nodes[0]?.resume();
    await sleep(AFTER_MS);
    const stretches = await normal.stop();
    const [before, during, after] = ['before', 'stalled', 'after'].map((phase) => stretch(stretches, phase, 'others')) as [
      Stretch,
      Stretch,
      Stretch,
    ];
    const stalled = stretch(stretches, 'stalled', 'stalled');
    return [
      noErrors('errors of requests to the other nodes', during),
      info('p99 at the other nodes before', before.latency.p99Ms, ms(before.latency.p99Ms)),
      timesAtMost('p99 at the other nodes meanwhile', during.latency.p99Ms, before.latency.p99Ms, 1.5),
      noErrors('errors at the other nodes afterwards', after),
      info(
        `told to clients of the stopped node, each of which waits ${RETRY_MS} ms after an error`,
        Object.keys(stalled.errors).length,
        JSON.stringify(stalled.errors),
      ),
      ...recovery(stretch(stretches, 'after', 'stalled')),
    ];
  } finally {
    stage.nodes[0]?.resume();
    normal.kill();
    await stage.stop();
  }
};

function recovery({ lastErrorMs, allServedMs }: Stretch): Finding[] {
  const served = allServedMs ?? Number.POSITIVE_INFINITY;
  const error = lastErrorMs ?? 0;
  return [
    check('after SIGCONT every client was served within', served, ms(served), ms(RECOVERY_MS), served <= RECOVERY_MS),
    check('after SIGCONT the last error came after', error, ms(error), `at most ${ms(RECOVERY_MS)}`, error <= RECOVERY_MS),
  ];
}
