/** Mixes three numbers to 32 bits in which each of them shows everywhere (the finalizer of murmur3). */
export function mix(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b) ^ Math.imul(c + 0x165667b1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Numbers that follow from a seed (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number, stream = 0) {
    this.#state = mix(seed, stream, 1) || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** A whole number in [min, max]. */
  between(min: number, max: number): number {
    return min + (this.next() % (max - min + 1));
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.next() % n === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
