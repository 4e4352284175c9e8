import type { Memory } from '../util/memory.ts';

const STEP = 1024 * 1024;

/**
 * How far a client is read that waits for something to happen, so that it is heard leaving: a megabyte, as many more with each look at its
 * deadlines, and less where memory is tight.
 */
export class ReadAhead {
  readonly #memory: Memory;
  readonly #max: number;
  #bytes = STEP;

  /** Half of `queryBytesMax` is the most: reading ahead must not be what disconnects a client. */
  constructor(memory: Memory, queryBytesMax: number) {
    this.#memory = memory;
    this.#max = queryBytesMax / 2;
  }

  /** Whether a client of which `held` bytes wait is read from. */
  allows(held: number): boolean {
    return held < Math.min(this.#bytes, this.#max) && !this.#memory.tight;
  }

  /** Some time has passed. */
  widen(held: number): void {
    if (held >= this.#bytes) this.#bytes += STEP;
  }

  /** The client does not wait any more. */
  reset(): void {
    this.#bytes = STEP;
  }
}
