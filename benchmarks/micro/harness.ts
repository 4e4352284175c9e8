import { median } from '../stats.ts';

export interface Result {
  readonly name: string;
  /** Median and best of the batches. */
  readonly nanosPerOperation: number;
  readonly nanosPerOperationMin: number;
}

/** Does `operations` operations and returns something made from their results, so that none can be left out. */
export type Work = (operations: number) => number;

const BATCH_MS = 50;
const BATCHES = 15;
const WARM_UP_MS = 200;

let sink = 0;

/** Warms up, finds how many operations take about 50 ms, and times 15 batches of as many. */
export function measure(name: string, work: Work): Result {
  let operations = 64;
  let took = 0;
  const warmUntil = performance.now() + WARM_UP_MS;
  while (took < BATCH_MS || performance.now() < warmUntil) {
    if (took < BATCH_MS) operations *= 2;
    took = timed(work, operations);
  }
  const nanos = Array.from({ length: BATCHES }, () => (timed(work, operations) * 1e6) / operations);
  return { name, nanosPerOperation: median(nanos), nanosPerOperationMin: Math.min(...nanos) };
}

function timed(work: Work, operations: number): number {
  const began = performance.now();
  sink ^= work(operations);
  return performance.now() - began;
}

/** Depends on every result; printing it keeps the work from being optimised away. */
export const sinkValue = (): number => sink;
