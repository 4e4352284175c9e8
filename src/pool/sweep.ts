import { tick } from '../util/clock.ts';

/** So many at a time, then other things have their turn: a thousand that are behind take 2 to 4 ms. */
const SLICE = 64;

/**
 * Visits all of `members()` every `everyMs`, a slice in each turn of the event loop. Where a round takes longer than that the next one begins later. Returns what
 * ends it.
 */
export function sweep<T>(members: () => Iterable<T>, everyMs: number, visit: (member: T) => void): () => void {
  let slice: NodeJS.Immediate | null = null;
  let ended = false;
  const goOn = (round: Iterator<T>): void => {
    slice = null;
    tick();
    for (let left = SLICE; left > 0 && !ended; left--) {
      const { done, value } = round.next();
      if (done) return;
      visit(value);
    }
    if (!ended) slice = setImmediate(goOn, round);
  };
  const timer = setInterval(() => {
    if (slice === null) goOn(members()[Symbol.iterator]());
  }, everyMs);
  return () => {
    ended = true;
    clearInterval(timer);
    if (slice !== null) clearImmediate(slice);
  };
}
