/** Loaded into keyfan: watches its event loop; on SIGUSR2 writes the longest stall and forgets it. */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { STALL_FILE } from './stall.ts';

const RESOLUTION_MS = 1;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();

process.on('SIGUSR2', () => {
  // What is recorded is the time between two calls of the timer, its own wait included.
  const inMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  const stall = { maxMs: inMs(histogram.max), p99Ms: inMs(histogram.percentile(99)) };
  histogram.reset();
  writeFileSync(process.env[STALL_FILE] as string, `${JSON.stringify(stall)}\n`);
});
