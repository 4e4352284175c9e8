/**
 * The time of the current read batch, in milliseconds of a monotonic clock. One reading serves every request of a
 * batch: who starts a batch (a socket read, a timer) calls `tick`, everyone else reads `clock.now`.
 */
export const clock = { now: performance.now() };

export function tick(): number {
  clock.now = performance.now();
  return clock.now;
}

/** The time of day is told to the microsecond as long as it agrees so far with the system's clock, which may be set anew. */
const DISAGREEMENT_MAX_MS = 2;
let origin = performance.timeOrigin;

/** The time of day: seconds since 1970, and microseconds. */
export function wallTime(): { readonly seconds: number; readonly micros: number } {
  const told = Date.now();
  if (Math.abs(origin + performance.now() - told) > DISAGREEMENT_MAX_MS) origin = told - performance.now();
  const now = origin + performance.now();
  const seconds = Math.floor(now / 1000);
  return { seconds, micros: Math.floor((now - seconds * 1000) * 1000) };
}
