import type { LaneSets as Contract, LaneSet } from '../downstream/lanes.ts';
import type { Backend } from '../upstream/backend.ts';
import { type Identity, identityKey } from '../upstream/identity.ts';

/**
 * The lanes to all nodes of a pool, by identity of connections. The first set stays; others live for as long as sessions use them, and
 * a little longer.
 */
export class LaneSets implements Contract {
  readonly first: LaneSet;
  readonly #backends: readonly Backend[];
  readonly #databasesMax: number;
  readonly #sets = new Map<number, LaneSet>();

  /** Sets of at most `databasesMax` databases, the first included. */
  constructor(backends: readonly Backend[], first: Identity, databasesMax: number) {
    this.#backends = backends;
    this.#databasesMax = databasesMax;
    this.first = this.#add(first);
  }

  enter(identity: Identity): LaneSet | null {
    let set = this.#sets.get(identityKey(identity));
    if (set === undefined) {
      if (!this.#hasRoom(identity)) this.#drop();
      if (!this.#hasRoom(identity)) return null;
      set = this.#add(identity);
    }
    set.sessions++;
    return set;
  }

  enterFirst(): LaneSet {
    this.keep(this.first);
    return this.first;
  }

  keep(set: LaneSet): void {
    set.sessions++;
  }

  leave(set: LaneSet): void {
    set.sessions--;
  }

  /** Both versions of RESP may be spoken to each database. */
  #hasRoom({ database }: Identity): boolean {
    const databases = new Set([...this.#sets.values()].map(({ identity }) => identity.database));
    return databases.has(database) || databases.size < this.#databasesMax;
  }

  #add(identity: Identity): LaneSet {
    const set = { identity, lanes: this.#backends.map((backend) => backend.lane(identity)), sessions: 0 };
    this.#sets.set(identityKey(identity), set);
    return set;
  }

  /** Lets go of sets that nobody uses. */
  #drop(): void {
    for (const [key, set] of this.#sets) {
      if (set === this.first || set.sessions > 0) continue;
      this.#sets.delete(key);
      for (const backend of this.#backends) backend.dropLane(set.identity);
    }
  }
}
