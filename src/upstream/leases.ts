import type { ErrorCode } from '../errors.ts';
import { clock } from '../util/clock.ts';
import type { Connection } from './connection.ts';

/** Who waits for a lease. One of the two is called, once, possibly at once, unless it is cancelled before. */
export interface LeaseTaker {
  /** Of what it has to send. */
  readonly bytes?: number;
  /** `lease` is this taker's alone until what it sends there has been answered. */
  onLease(lease: Connection): void;
  onNoLease(code: ErrorCode): void;
}

/**
 * The connections of a lane beside the shared one, each held by one taker at a time.
 *
 *   take ─▶ free ▸ or open a new one (up to `max`) ▸ or wait in line
 *   onIdle of a lease ─▶ next in line, or free
 */
export class Leases {
  readonly #open: () => Connection;
  readonly #max: number;
  readonly #freeMax: number;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  /** Who waits, first come first, and since when. */
  readonly #line = new Map<LeaseTaker, number>();

  /** At most `max` in all, of which `freeMax` are kept when nobody needs them. */
  constructor(max: number, freeMax: number, open: () => Connection) {
    this.#max = max;
    this.#freeMax = freeMax;
    this.#open = open;
  }

  get size(): number {
    return this.#all.size;
  }

  get full(): boolean {
    return this.#all.size >= this.#max;
  }

  values(): IterableIterator<Connection> {
    return this.#all.values();
  }

  /** Bytes that wait in line. */
  get waitingBytes(): number {
    let sum = 0;
    for (const { bytes = 0 } of this.#line.keys()) sum += bytes;
    return sum;
  }

  take(taker: LeaseTaker): void {
    const lease = this.#free.pop() ?? (this.#all.size < this.#max ? this.#add(this.#open()) : undefined);
    if (lease === undefined) this.#line.set(taker, clock.now);
    else taker.onLease(lease);
  }

  /** The taker does not wait any more. */
  cancel(taker: LeaseTaker): void {
    this.#line.delete(taker);
  }

  /** The next in line, who leaves it. */
  #next(): LeaseTaker | undefined {
    const [taker] = this.#line.keys();
    if (taker !== undefined) this.#line.delete(taker);
    return taker;
  }

  /** A free one to serve as the shared connection, if there is one. */
  promote(): Connection | undefined {
    const lease = this.#free.pop();
    if (lease === undefined) return undefined;
    this.#all.delete(lease);
    lease.lease = false;
    return lease;
  }

  /** What was the shared connection becomes a lease, free when it is idle. */
  adopt(connection: Connection): void {
    this.#add(connection);
  }

  #add(connection: Connection): Connection {
    connection.lease = true;
    this.#all.add(connection);
    return connection;
  }

  onIdle(lease: Connection): void {
    const next = this.#next();
    if (next !== undefined) {
      next.onLease(lease);
    } else if (this.#free.length < this.#freeMax) {
      this.#free.push(lease);
    } else {
      lease.destroy('connection_lost', 'one lease too many');
    }
  }

  /** A lease is gone; the next in line gets a new one. */
  onClosed(lease: Connection): void {
    this.#all.delete(lease);
    const place = this.#free.indexOf(lease);
    if (place >= 0) this.#free.splice(place, 1);
    else this.#next()?.onLease(this.#add(this.#open()));
  }

  /** Lets go of what waits in line since before `deadline`. Returns how many did. */
  refuse(deadline: number, code: ErrorCode): number {
    let count = 0;
    // A copy: who is told may ask again, or end the waiting of others.
    for (const [taker, since] of [...this.#line]) {
      if (since >= deadline) break;
      if (!this.#line.delete(taker)) continue;
      count++;
      taker.onNoLease(code);
    }
    return count;
  }

  /** Closes free ones that nobody has used since before `deadline`. */
  prune(deadline: number): void {
    for (const lease of [...this.#free]) if (lease.heardAt < deadline) lease.destroy('connection_lost', 'not needed any more');
  }

  stop(): void {
    this.refuse(Number.POSITIVE_INFINITY, 'not_sent');
    for (const lease of [...this.#all]) lease.destroy('connection_lost', 'keyfan is stopping');
  }
}
