import type { Lookup } from '../../kernel/tables.ts';

/**
 * A consistent-hash ring: points on the circle of unsigned 32-bit integers, each with an owner.
 *
 *   points  ascending, equal values in the order they were given; one sentinel 2^32-1 behind the last
 *   owners  owners[i] is the owner of points[i]
 *   starts  starts[b] is the first point that is not below b << shift: a look-up starts there and walks
 *
 * There are more buckets than points, so a walk is about one step, against nine or more of a binary search.
 */
const BUCKETS_PER_POINT = 4;

/** 2^32 values times this many positions are the integers a double holds exactly. */
const POINTS_MAX = 2 ** 21;

export class Continuum {
  readonly size: number;
  readonly points: Uint32Array;
  readonly owners: Uint16Array;
  readonly #starts: Uint32Array;
  readonly #shift: number;

  /** At least one point; `owners` runs beside `points`. */
  constructor(points: ArrayLike<number>, owners: ArrayLike<number>) {
    if (points.length > POINTS_MAX) throw new Error(`a ring takes at most ${POINTS_MAX} points, not ${points.length}`);
    // Value and position in one double: sorted as plain numbers, points of equal value keep their order.
    const order = Float64Array.from(points, (value, i) => value * POINTS_MAX + i)
      .sort()
      .map((packed) => packed % POINTS_MAX);
    this.size = order.length;
    this.points = new Uint32Array(this.size + 1).fill(0xffffffff);
    this.points.set(order.map((i) => points[i] as number));
    this.owners = Uint16Array.from(order, (i) => owners[i] as number);
    const bits = Math.min(24, Math.max(1, Math.ceil(Math.log2(this.size * BUCKETS_PER_POINT))));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits);
    for (let bucket = 0, point = 0; bucket < this.#starts.length; bucket++) {
      const from = (bucket << this.#shift) >>> 0;
      while (point < this.size && (this.points[point] as number) < from) point++;
      this.#starts[bucket] = point;
    }
  }

  /** The same for the kernel. */
  get lookup(): Lookup {
    return { partitions: this.size, ring: { shift: this.#shift, starts: this.#starts, points: this.points } };
  }

  /** Index of the first point that is not below `hash`; behind the last one the circle closes at point 0. */
  find(hash: number): number {
    let i = this.#starts[hash >>> this.#shift] as number;
    while ((this.points[i] as number) < hash) i++;
    return i === this.size ? 0 : i;
  }

  /** A point as `keyfan route --explain` shows it. */
  explain(point: number): string {
    return `ring point: ${this.points[point]} (${point + 1} of ${this.size})`;
  }
}
