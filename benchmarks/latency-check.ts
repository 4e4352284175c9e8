import type { RedisNode } from '../test/support/redis.ts';
import { type OpenLoopPlan, runOpenLoop } from './load/open-loop.ts';
import { print } from './output.ts';

const STALL_MS = 100;
const PERCENTS = [50, 90, 99, 99.9];

/**
 * The latency that `percent` of the requests must not be above, where all are answered at once but those meant to leave in a
 * stall: these wait from 0 to the whole of it, evenly.
 */
export function expectedMs(percent: number, stallMs: number, totalMs: number): number {
  const slower = 1 - percent / 100;
  const stalled = stallMs / totalMs;
  return slower >= stalled ? 0 : stallMs * (1 - slower / stalled);
}

/** Is the generator to be believed? One node directly, undisturbed, and stopped for a known time. */
export async function checkGenerator(node: RedisNode, plan: OpenLoopPlan): Promise<void> {
  const destination = { port: node.port };
  const quiet = await runOpenLoop(destination, plan);
  const stallAtMs = (plan.warmUpSeconds + plan.seconds / 2) * 1000;
  let stoppedAt = 0;
  let stallMs = Number.NaN;
  setTimeout(() => {
    process.kill(node.pid, 'SIGSTOP');
    stoppedAt = performance.now();
    setTimeout(() => {
      process.kill(node.pid, 'SIGCONT');
      stallMs = performance.now() - stoppedAt;
    }, STALL_MS);
  }, stallAtMs);
  const stalled = await runOpenLoop(destination, plan);
  print(
    `redis-server directly, ${plan.ratePerSecond} requests/s for ${plan.seconds} s; then with the server stopped for ${stallMs.toFixed(1)} ms:`,
  );
  for (const percent of PERCENTS) {
    const [was, is] = [quiet, stalled].map(({ histogram }) => (histogram.percentile(percent) / 1000).toFixed(2));
    const expected = expectedMs(percent, stallMs, plan.seconds * 1000).toFixed(2);
    print(`p${percent}: ${was} ms; ${is} ms, of which the stall explains ${expected} ms`);
  }
  print(`max: ${(quiet.histogram.max / 1000).toFixed(2)} ms; ${(stalled.histogram.max / 1000).toFixed(2)} ms`);
  const busy = [quiet, stalled].map(({ generatorBusy }) => `${Math.round(generatorBusy * 100)} %`);
  print(`generator busy: ${busy.join(' and ')} of a core; unanswered: ${quiet.unanswered + stalled.unanswered}`);
}
