import { MEMORY, TABLES_AT, TABLES_SIZE } from './memory.ts';

/** How a partition follows from a hash. Of a ring see routing/strategies/continuum.ts; else it is the hash modulo the number of partitions. */
export interface Lookup {
  readonly partitions: number;
  readonly ring: { readonly shift: number; readonly starts: Uint32Array; readonly points: Uint32Array } | null;
}

const HEAD_INTS = 8;

/** What TABLES holds: counts up when it is full and everything in it is given up. */
let generation = 0;
/** Tables that were ever put down. */
let known = 0;
let end = TABLES_AT;

/**
 * Who owns which hash, in the kernel's memory. It is put there when it is first asked for, and once more for each new table, where it had to make room: tables
 * that do not fit beside each other are not to be copied with every request.
 *
 *   head │ starts │ points │ owners │ the next one …
 */
export class OwnerTable {
  readonly #lookup: Lookup;
  readonly #owners: Uint16Array;
  #generation = -1;
  #at = 0;
  /** `known` when it was put down last. */
  #knownThen = -1;

  constructor(lookup: Lookup, owners: Uint16Array) {
    this.#lookup = lookup;
    this.#owners = owners;
  }

  /** Its offset, good until another one is asked for; 0 where it is too large, or had to make room for one that is not new. */
  place(): number {
    if (this.#generation === generation) return this.#at;
    if (this.#knownThen === known) return 0;
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
    if (this.#knownThen < 0) known++;
    this.#knownThen = known;
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
