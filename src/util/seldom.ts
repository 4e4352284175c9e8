/** Lets something happen now, and then not again for a while: what may come with every client is told to the log by it. */
export class Seldom {
  readonly #everyMs: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** True where it may happen: then it has. */
  now(): boolean {
    const time = performance.now();
    if (time - this.#last < this.#everyMs) return false;
    this.#last = time;
    return true;
  }
}

/** As `Seldom` for each text by itself: one that comes all the time hides no other. Of more than `textsMax` in that time the rest may not happen. */
export class SeldomEach {
  readonly #everyMs: number;
  readonly #textsMax: number;
  /** When each text was let through last; the oldest first. */
  readonly #last = new Map<string, number>();

  constructor(everyMs: number, textsMax: number) {
    this.#everyMs = everyMs;
    this.#textsMax = textsMax;
  }

  /** True where it may happen: then it has. */
  now(text: string): boolean {
    const time = performance.now();
    for (const [old, last] of this.#last) {
      if (time - last < this.#everyMs) break;
      this.#last.delete(old);
    }
    if (this.#last.has(text) || this.#last.size >= this.#textsMax) return false;
    this.#last.set(text, time);
    return true;
  }
}
