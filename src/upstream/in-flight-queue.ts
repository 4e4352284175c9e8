import type { ReplyTarget } from './target.ts';

const FIRST_CAPACITY = 64;

/**
 * What was accepted for one connection, in the order of writing: the node answers in this order, so the oldest entry
 * owns the next reply. A ring of parallel arrays; an entry whose waiter has gone keeps its place as a tombstone (null).
 *
 *   index     head            expired        written         tail
 *             │ oldest … tombstones … │ live … │ not yet written … │
 */
export class InFlightQueue {
  /** Counters, not offsets: place in the ring = counter & mask. They run up to 2^53. */
  head = 0;
  tail = 0;
  mask = FIRST_CAPACITY - 1;
  targets: (ReplyTarget | null)[] = new Array(FIRST_CAPACITY).fill(null);
  tokens = new Int32Array(FIRST_CAPACITY);
  sentAt = new Float64Array(FIRST_CAPACITY);
  /** Entries before this one have been looked at for their deadline. */
  #expired = 0;

  get size(): number {
    return this.tail - this.head;
  }

  push(target: ReplyTarget, token: number, now: number): void {
    if (this.tail - this.head > this.mask) this.#grow();
    const place = this.tail & this.mask;
    this.targets[place] = target;
    this.tokens[place] = token;
    this.sentAt[place] = now;
    this.tail++;
  }

  /**
   * Turns entries accepted before `deadline` into tombstones and reports each; returns how many.
   * Entries stand in order of time, so only new ones are looked at. A report may push, and may take all.
   */
  expire(deadline: number, report: (target: ReplyTarget, token: number) => void): number {
    let count = 0;
    if (this.#expired < this.head) this.#expired = this.head;
    while (this.#expired < this.tail) {
      const place = this.#expired & this.mask;
      if ((this.sentAt[place] as number) >= deadline) break;
      this.#expired++;
      const target = this.targets[place] as ReplyTarget | null;
      if (target === null) continue;
      this.targets[place] = null;
      count++;
      report(target, this.tokens[place] as number);
    }
    return count;
  }

  /** Empties the queue, then reports each entry whose waiter is still there, with its number in the order of writing. Returns how many entries there were. */
  takeAll(report: (target: ReplyTarget, token: number, number: number) => void): number {
    const { head, tail, mask } = this;
    const places = Array.from({ length: tail - head }, (_, i) => (head + i) & mask);
    const targets = places.map((place) => this.targets[place] as ReplyTarget | null);
    const tokens = places.map((place) => this.tokens[place] as number);
    for (const place of places) this.targets[place] = null;
    this.head = tail;
    for (const [i, target] of targets.entries()) if (target !== null) report(target, tokens[i] as number, head + i);
    return targets.length;
  }

  /** The newest entry has no deadline until `stamp`. */
  postpone(): void {
    this.stamp(Number.POSITIVE_INFINITY);
  }

  /** The time of the newest entry, if it is still there, begins at `now`. */
  stamp(now: number): void {
    if (this.tail > this.head) this.sentAt[(this.tail - 1) & this.mask] = now;
  }

  /** The entries that are here now have no deadline. */
  exempt(): void {
    this.#expired = this.tail;
  }

  #grow(): void {
    const old = this.mask + 1;
    const targets: (ReplyTarget | null)[] = new Array(old * 2).fill(null);
    const tokens = new Int32Array(old * 2);
    const sentAt = new Float64Array(old * 2);
    const mask = old * 2 - 1;
    for (let i = this.head; i < this.tail; i++) {
      targets[i & mask] = this.targets[i & this.mask] as ReplyTarget | null;
      tokens[i & mask] = this.tokens[i & this.mask] as number;
      sentAt[i & mask] = this.sentAt[i & this.mask] as number;
    }
    this.targets = targets;
    this.tokens = tokens;
    this.sentAt = sentAt;
    this.mask = mask;
  }
}
