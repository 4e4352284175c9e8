import { lower } from './argument.ts';

const FNV_PRIME = 0x01000193;
/** Slots per name at least: keeps probe sequences short. */
const SPACE = 5;

/**
 * Finds a name by its bytes, any case, without allocation: open addressing with linear probing.
 *
 *   slots  │ 0 │ 3 │ 0 │ 1 │ …   position + 1 of the name whose hash leads here; 0: free
 *   names  │ getsetdel…           all names one behind the other, lower case
 *   ends   │ 0 │ 3 │ 6 │ 9 │ …   name p is names[ends[p], ends[p + 1])
 */
export class NameIndex {
  readonly #slots: Int16Array;
  readonly #names: Uint8Array;
  readonly #ends: Int32Array;
  readonly #mask: number;
  readonly #longest: number;

  /** `names` in lower case, each once, none empty. */
  constructor(names: readonly string[]) {
    let size = 4;
    while (size < names.length * SPACE) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int16Array(size);
    this.#names = Buffer.from(names.join(''), 'latin1');
    this.#ends = new Int32Array(names.length + 1);
    let longest = 0;
    for (let p = 0; p < names.length; p++) {
      const length = (names[p] as string).length;
      const end = (this.#ends[p] as number) + length;
      this.#ends[p + 1] = end;
      longest = Math.max(longest, length);
      let slot = this.#hash(this.#names, end - length, end) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = p + 1;
    }
    this.#longest = longest;
  }

  /** Position of the name in `buf[start, end)`, or -1. */
  find(buf: Uint8Array, start: number, end: number): number {
    if (end === start || end - start > this.#longest) return -1;
    let slot = this.#hash(buf, start, end) & this.#mask;
    for (;;) {
      const position = (this.#slots[slot] as number) - 1;
      if (position < 0 || this.#equals(position, buf, start, end)) return position;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Of the length and four bytes spread over the name; all of them are compared afterwards anyway. */
  #hash(buf: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let hash = Math.imul(length ^ lower(buf[start] as number), FNV_PRIME);
    hash = Math.imul(hash ^ lower(buf[start + (length >> 2)] as number), FNV_PRIME);
    hash = Math.imul(hash ^ lower(buf[start + (length >> 1)] as number), FNV_PRIME);
    hash = Math.imul(hash ^ lower(buf[end - 1] as number), FNV_PRIME);
    return hash ^ (hash >>> 15);
  }

  #equals(position: number, buf: Uint8Array, start: number, end: number): boolean {
    const from = this.#ends[position] as number;
    if ((this.#ends[position + 1] as number) - from !== end - start) return false;
    for (let at = start; at < end; at++) {
      if (lower(buf[at] as number) !== this.#names[from + at - start]) return false;
    }
    return true;
  }
}
