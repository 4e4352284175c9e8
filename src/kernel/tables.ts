import { MEMORY, TABLES_AT, TABLES_SIZE } from './memory.ts';

/** How a partition follows from a hash. Of a ring see routing/strategies/continuum.ts; else it is the hash modulo the number of partitions. */
export interface Lookup {
  readonly partitions: number;
  readonly ring: { readonly shift: number; readonly starts: Uint32Array; readonly points: Uint32Array } | null;
}

const HEAD_INTS = 8;
/** So often a table is put down, at the most: where pools have more than fits, requests are not to copy tables all the time. */
const PUTS_MAX = 16;

/** What TABLES holds: counts up when it is full and everything in it is given up. */
let generation = 0;
let end = TABLES_AT;

/**
 * Who owns which hash, in the kernel's memory. It is put there when it is first asked for, and again where it had to make room for others.
 *
 *   head │ starts │ points │ owners │ the next one …
 */
export class OwnerTable {
  readonly #lookup: Lookup;
  readonly #owners: Uint16Array;
  #generation = -1;
  #at = 0;
  #puts = 0;

  constructor(lookup: Lookup, owners: Uint16Array) {
    this.#lookup = lookup;
    this.#owners = owners;
  }

  /** Its offset, good until another one is asked for; 0 where it is too large, or has had to make room too often. */
  place(): number {
    if (this.#generation === generation) return this.#at;
    if (this.#puts === PUTS_MAX) return 0;
    const { partitions, ring } = this.#lookup;
    const starts = HEAD_INTS * 4;
    const points = starts + (ring === null ? 0 : ring.starts.byteLength);
    const owners = points + (ring === null ? 0 : ring.points.byteLength);
    const size = Math.ceil((owners + this.#owners.byteLength) / 8) * 8;
    if (size > TABLES_SIZE) return 0;
    if (end + size > TABLES_AT + TABLES_SIZE) {
      generation++;
      end = TABLES_AT;
    }
    this.#puts++;
    const at = end;
    end += size;
    const { buffer } = MEMORY;
    new Uint32Array(buffer, at, HEAD_INTS).set([partitions, ring === null ? 0 : ring.shift, at + starts, at + points, at + owners]);
    if (ring !== null) {
      new Uint32Array(buffer, at + starts, ring.starts.length).set(ring.starts);
      new Uint32Array(buffer, at + points, ring.points.length).set(ring.points);
    }
    new Uint16Array(buffer, at + owners, this.#owners.length).set(this.#owners);
    this.#at = at;
    this.#generation = generation;
    return at;
  }
}
