/**
 * The time of the current read batch, in milliseconds of a monotonic clock. One reading serves every request of a
 * batch: who starts a batch (a socket read, a timer) calls `tick`, everyone else reads `clock.now`.
 */
export const clock = { now: performance.now() };

export function tick(): number {
  clock.now = performance.now();
  return clock.now;
}
