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
