import type { Identity } from '../upstream/identity.ts';
import type { SharedLane } from '../upstream/lane.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import { ReservedLane, type Reserver } from '../upstream/reserved-lane.ts';

/** The lanes to all nodes for one identity. */
export interface LaneSet {
  readonly identity: Identity;
  /** By node, in the order of the topology. */
  readonly lanes: readonly SharedLane[];
  sessions: number;
}

export interface LaneSets {
  /** Where every session begins. */
  readonly first: LaneSet;
  /** The lanes of that identity, for one more session; null where too many identities are in use. */
  enter(identity: Identity): LaneSet | null;
  enterFirst(): LaneSet;
  /** For one more user. */
  keep(set: LaneSet): void;
  leave(set: LaneSet): void;
}

/** What a session's lanes tell it. */
export interface LanesOwner {
  /** What a request waited for has come, or will not come. */
  onLaneReady(): void;
  /** A node said that keys have changed which it tracks for the session. To be copied. */
  onInvalidation(buf: Buffer, start: number, end: number): void;
  /** A connection that a node tracks what is read on is lost. */
  destroy(reason: 'tracking_lost'): void;
}

/**
 * A session's ways to the nodes: the shared lanes of its identity, in the place of some of them connections of its own.
 *
 *   at   [ shared, reserved, shared ]      by node
 */
export class Lanes implements Reserver {
  at: readonly Lane[];
  readonly #sets: LaneSets;
  readonly #owner: LanesOwner;
  #set: LaneSet;
  /** Connections of the session's own, by node; null before there was one. */
  #reserved: Map<number, ReservedLane> | null = null;
  /** Reservations that are waited for. */
  #waiting = 0;
  #closed = false;

  constructor(sets: LaneSets, owner: LanesOwner) {
    this.#sets = sets;
    this.#owner = owner;
    this.#set = sets.enterFirst();
    this.at = this.#set.lanes;
  }

  get identity(): Identity {
    return this.#set.identity;
  }

  /** True while a reservation is waited for. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** The connections that the session has to itself, or waits for. */
  reserved(): Iterable<ReservedLane> {
    return this.#reserved?.values() ?? [];
  }

  /** The lane of node `index` that every session begins with, in RESP2. */
  plain(index: number): SharedLane | undefined {
    return this.#sets.first.lanes[index];
  }

  /** The shared lanes of the session's identity. */
  get shared(): readonly SharedLane[] {
    return this.#set.lanes;
  }

  /** From now on the session is served with that identity; false where too many are in use. Its caller sees to it that nothing is in flight. */
  enter(identity: Identity): boolean {
    if (this.#closed) return false;
    const set = this.#sets.enter(identity);
    if (set === null) return false;
    this.#sets.leave(this.#set);
    this.#set = set;
    this.#abandonAll();
    this.at = set.lanes;
    return true;
  }

  /** Keeps the identity at hand in being, so that the session can come back to it, until the returned function is called. */
  keep(): () => void {
    const set = this.#set;
    this.#sets.keep(set);
    return () => this.#sets.leave(set);
  }

  /** Back to where every session begins. */
  reset(): void {
    this.#abandonAll();
    this.#sets.leave(this.#set);
    this.#set = this.#sets.enterFirst();
    this.at = this.#set.lanes;
  }

  /** The session's own connection to node `index`, which may be waited for or have failed. */
  own(index: number): ReservedLane | undefined {
    return this.#reserved?.get(index);
  }

  /** Asks for a connection of the session's own to node `index`, where it has none. */
  reserve(index: number): ReservedLane {
    const lane = new ReservedLane(index, this.#set.lanes[index] as SharedLane, this);
    this.#reserved ??= new Map();
    this.#reserved.set(index, lane);
    this.#waiting++;
    lane.begin();
    return lane;
  }

  /** A reservation that failed is forgotten: the next request asks again. */
  forget(index: number): void {
    this.#reserved?.delete(index);
  }

  /** What was reserved for a request that did without goes back. */
  releaseUnused(): void {
    for (const lane of [...this.reserved()]) lane.releaseUnused();
  }

  onReserved(lane: ReservedLane): void {
    this.#waiting--;
    if (lane.connection !== null) this.#replace(lane.index, lane);
    this.#owner.onLaneReady();
  }

  onReleased({ index }: ReservedLane): void {
    this.#reserved?.delete(index);
    this.#replace(index, this.#set.lanes[index] as SharedLane);
  }

  onPush(buf: Buffer, start: number, end: number): void {
    this.#owner.onInvalidation(buf, start, end);
  }

  onKeptLost(): void {
    if (!this.#closed) this.#owner.destroy('tracking_lost');
  }

  #replace(index: number, by: Lane): void {
    this.at = this.at.with(index, by);
  }

  #abandonAll(): void {
    const lanes = [...this.reserved()];
    for (const lane of lanes) lane.kept = false;
    this.#reserved = null;
    this.#waiting = 0;
    for (const lane of lanes) lane.abandon();
  }

  /** The client has left. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abandonAll();
    this.#sets.leave(this.#set);
  }
}
