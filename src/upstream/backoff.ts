export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Delays between attempts to reach a node: doubling from `minMs`, capped at `maxMs`, jittered over their upper half. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** The next delay, in milliseconds. */
  next(): number {
    const full = Math.min(this.#options.maxMs, this.#options.minMs * 2 ** Math.min(this.#attempts++, 30));
    return full * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
