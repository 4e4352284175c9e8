import { MEMORY, TABLES_AT, TABLES_SIZE } from './memory.ts';

/** How a partition follows from a hash: by a ring (see continuum.ts of routing), else as the hash modulo the number of partitions. */
export interface Lookup {
  readonly partitions: number;
  readonly ring: { readonly shift: number; readonly starts: Uint32Array; readonly points: Uint32Array } | null;
}

const HEAD_INTS = 8;

/** Counts up whenever TABLES is full and all tables in it are dropped. */
let generation = 0;
/** Number of tables that have ever been copied to TABLES. */
let known = 0;
let end = TABLES_AT;

/**
 * A topology's owner table, copied into the kernel's memory when first asked for. When TABLES is full, all tables in it are dropped. A
 * dropped one is copied again only after a new table has come, so that two that do not fit together are not copied in turn with every
 * request.
 *
 *   head │ starts │ points │ owners │ the next one …
 */
export class OwnerTable {
  readonly #lookup: Lookup;
  readonly #owners: Uint16Array;
  #generation = -1;
  #at = 0;
  /** `known` when this table was copied last. */
  #knownThen = -1;

  constructor(lookup: Lookup, owners: Uint16Array) {
    this.#lookup = lookup;
    this.#owners = owners;
  }

  /** Offset of the table, valid until another is asked for; 0 where it does not fit, or was dropped and no new table has come since. */
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
