import { copyBytes } from '../util/copy.ts';
import type { OutBuffer } from '../util/out-buffer.ts';

const FIRST_CAPACITY = 16;
const FIRST_STASH = 1024;
/** A stash that grew beyond this is let go when it is empty. */
const STASH_KEEP_MAX = 16 * 1024;
/** Settled replies from this size on are kept as buffers of their own. */
const LARGE_MIN = 16 * 1024;

/** In `#size`: the reply is still awaited. */
const OPEN = -1;
/** In `#size`: the reply lies in `#large`. */
const LARGE = -2;

/**
 * The replies that a session owes, in order of arrival of their requests. A reply settled at the head goes straight to the
 * client's out-buffer; one settled out of order waits in the stash.
 *
 *   place     head                      tail
 *             │ OPEN │ 5 │ OPEN │ 120 │            #size: bytes, OPEN or LARGE
 *                     └at 0─┐      └at 5─┐         #at:   offset in the stash
 *   stash     ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░
 *
 * Counters are 32-bit and wrap; a place is counter & mask.
 */
export class ReplyQueue {
  #head = 0;
  #tail = 0;
  #mask = FIRST_CAPACITY - 1;
  #size = new Int32Array(FIRST_CAPACITY);
  #at = new Int32Array(FIRST_CAPACITY);
  #openedAt = new Float64Array(FIRST_CAPACITY);
  #stash: Buffer | null = null;
  #stashEnd = 0;
  /** Bytes of the stash that are still owed. */
  #stashLive = 0;
  readonly #large = new Map<number, Buffer>();
  #largeBytes = 0;

  /** Replies owed. */
  get length(): number {
    return (this.#tail - this.#head) | 0;
  }

  /** Bytes of replies that wait behind an open one. */
  get heldBytes(): number {
    return this.#stashLive + this.#largeBytes;
  }

  /** Opens the next place; the returned token settles it. */
  open(now: number): number {
    if (this.length > this.#mask) this.#grow();
    const token = this.#tail;
    const place = token & this.#mask;
    this.#size[place] = OPEN;
    this.#openedAt[place] = now;
    this.#tail = (token + 1) | 0;
    return token;
  }

  openedAt(token: number): number {
    return this.#openedAt[token & this.#mask] as number;
  }

  /** Settles a place, once, with the reply `buf[start, end)`; `given` as in `OutBuffer.append`. */
  settle(token: number, buf: Buffer, start: number, end: number, given: boolean, out: OutBuffer): void {
    if (token !== this.#head) {
      this.#hold(token, buf, start, end, given);
      return;
    }
    out.append(buf, start, end, given);
    const next = (token + 1) | 0;
    this.#head = next;
    if (next !== this.#tail && this.#size[next & this.#mask] !== OPEN) this.#drain(out);
  }

  /** Moves what is settled at the head to `out`. */
  #drain(out: OutBuffer): void {
    let head = this.#head;
    while (head !== this.#tail) {
      const place = head & this.#mask;
      const size = this.#size[place] as number;
      if (size === OPEN) break;
      if (size === LARGE) {
        const bytes = this.#large.get(head) as Buffer;
        this.#large.delete(head);
        this.#largeBytes -= bytes.length;
        out.append(bytes, 0, bytes.length, true);
      } else {
        const at = this.#at[place] as number;
        out.append(this.#stash as Buffer, at, at + size, false);
        this.#stashLive -= size;
      }
      head = (head + 1) | 0;
    }
    this.#head = head;
    if (this.#stashLive > 0) return;
    this.#stashEnd = 0;
    if (this.#stash !== null && this.#stash.length > STASH_KEEP_MAX) this.#stash = null;
  }

  #hold(token: number, buf: Buffer, start: number, end: number, given: boolean): void {
    const place = token & this.#mask;
    const size = end - start;
    if (size >= LARGE_MIN) {
      const bytes = given ? buf.subarray(start, end) : Buffer.allocUnsafeSlow(size);
      if (!given) copyBytes(bytes, 0, buf, start, end);
      this.#large.set(token, bytes);
      this.#largeBytes += size;
      this.#size[place] = LARGE;
      return;
    }
    if (this.#stash === null || this.#stashEnd + size > this.#stash.length) this.#makeRoom(size);
    copyBytes(this.#stash as Buffer, this.#stashEnd, buf, start, end);
    this.#at[place] = this.#stashEnd;
    this.#size[place] = size;
    this.#stashEnd += size;
    this.#stashLive += size;
  }

  /** Rewrites the stash with only what is still owed, larger where that fills more than half of it. */
  #makeRoom(size: number): void {
    const old = this.#stash;
    const capacity = Math.max(FIRST_STASH, old === null ? 0 : old.length, 2 * (this.#stashLive + size));
    const stash = Buffer.allocUnsafeSlow(capacity);
    let end = 0;
    if (old !== null) {
      for (let token = this.#head; token !== this.#tail; token = (token + 1) | 0) {
        const place = token & this.#mask;
        const bytes = this.#size[place] as number;
        if (bytes < 0) continue;
        const at = this.#at[place] as number;
        copyBytes(stash, end, old, at, at + bytes);
        this.#at[place] = end;
        end += bytes;
      }
    }
    this.#stash = stash;
    this.#stashEnd = end;
  }

  #grow(): void {
    const old = this.#mask + 1;
    const mask = old * 2 - 1;
    const size = new Int32Array(old * 2);
    const at = new Int32Array(old * 2);
    const openedAt = new Float64Array(old * 2);
    for (let token = this.#head; token !== this.#tail; token = (token + 1) | 0) {
      const from = token & this.#mask;
      const to = token & mask;
      size[to] = this.#size[from] as number;
      at[to] = this.#at[from] as number;
      openedAt[to] = this.#openedAt[from] as number;
    }
    this.#mask = mask;
    this.#size = size;
    this.#at = at;
    this.#openedAt = openedAt;
  }
}
