/**
 * Counts of whole microseconds in buckets that grow with the value: exact below 256, from there on 128 to a power of two, so
 * that a percentile is at most 0.8 % too high.
 *
 *   value    0 … 255 │ 256 … 511 │ 512 … 1023 │ …          up to 2^32 - 1 (71 minutes)
 *   step           1 │         2 │          4 │
 */
const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
const BUCKETS = (32 - SUB_BITS) * SUB + SUB;
const VALUE_MAX = 2 ** 32 - 1;
/** 99.9 % of 1000 is a trace more than 999 in floating point. */
const ROUNDING = 1e-6;

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  count = 0;
  max = 0;

  record(micros: number): void {
    const value = Math.min(VALUE_MAX, Math.max(0, Math.round(micros)));
    const at = bucketOf(value);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.count++;
    if (value > this.max) this.max = value;
  }

  /** The smallest value that `percent` of all are not above, to the precision of its bucket. NaN where there are none. */
  percentile(percent: number): number {
    if (this.count === 0) return Number.NaN;
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.count - ROUNDING));
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.#counts[at] as number;
      if (seen >= wanted) return Math.min(highestOf(at), this.max);
    }
    return this.max;
  }
}

function bucketOf(value: number): number {
  const shift = Math.max(0, 32 - SUB_BITS - 1 - Math.clz32(value));
  return shift * SUB + (value >>> shift);
}

/** The highest value that falls into a bucket. */
function highestOf(bucket: number): number {
  if (bucket < 2 * SUB) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return ((bucket & (SUB - 1)) + SUB + 1) * 2 ** shift - 1;
}
