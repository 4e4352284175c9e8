export interface Summary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Latencies in milliseconds, all of them kept. */
export class Latencies {
  #values = new Float64Array(1024);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }

  summary(): Summary {
    const sorted = this.#values.subarray(0, this.#count).slice().sort();
    const at = (share: number): number => sorted[Math.min(this.#count - 1, Math.floor(this.#count * share))] ?? Number.NaN;
    return { count: this.#count, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}
