import type { Part } from '../upstream/target.ts';
import { placeOf, SMALL_CHUNK, takeNear } from '../util/chunk-pool.ts';
import { copyInto } from '../util/copy.ts';
import { OutBuffer } from '../util/out-buffer.ts';
import { Stash } from './stash.ts';

/** With so few V8 keeps the arrays in its own heap, which makes connecting cheaper. */
const FIRST_CAPACITY = 8;
/** Settled replies from this size on have chunks of their own: they are not copied a second time. */
const LARGE_MIN = 8 * 1024;

/** In `#size`: the reply is still awaited. */
const OPEN = -1;
/** In `#size`: the reply lies in `#large`. */
const LARGE = -2;
/** In `#size`: parts of the reply lie in `#large`, others are to come. */
const PARTLY = -3;

/** What answers no request: it is sent when the place `at` comes to the head. */
interface Pushed {
  readonly at: number;
  readonly bytes: OutBuffer;
}

/**
 * The replies that a session owes, in order of arrival of their requests. A reply settled at the head goes straight to the
 * client's out-buffer; one settled out of order waits in the stash.
 *
 *   place     head                      tail
 *             │ OPEN │ 5 │ OPEN │ 120 │            #size: bytes, OPEN, LARGE or PARTLY
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
  readonly #stash = new Stash();
  /** Null before there was one. */
  #large: Map<number, OutBuffer> | null = null;
  #largeBytes = 0;
  /** Whether places that are opened will be answered: all, none, or all but the next. */
  muting: 'on' | 'off' | 'skip' = 'on';
  /** Tokens of places whose replies the client does not want. */
  #muted: Set<number> | null = null;
  /** Parts of the reply at the head have been sent, others are to come. */
  #headPartly = false;
  /** In order of arrival. */
  #pushed: Pushed[] = [];
  /** The newest places, of those that are owed, that a reply waits in, and that gather replies; any other token where there is none. */
  #newestHeld = -1;
  #gathers = -1;

  /** The token of the place at the head: those before it are answered. */
  get head(): number {
    return this.#head;
  }

  /** The token of the next place to be opened. */
  get tail(): number {
    return this.#tail;
  }

  /** Replies owed. */
  get length(): number {
    return (this.#tail - this.#head) | 0;
  }

  /** Bytes of replies that wait behind an open one. */
  get heldBytes(): number {
    return this.#stash.live + this.#largeBytes;
  }

  /** Opens the next place; the returned token settles it. `gathers`: the reply is made of several, which wait elsewhere. */
  open(now: number, gathers = false): number {
    if (this.length > this.#mask) this.#grow();
    const token = this.#tail;
    if (gathers) this.#gathers = token;
    const place = token & this.#mask;
    this.#size[place] = OPEN;
    this.#openedAt[place] = now;
    this.#tail = (token + 1) | 0;
    if (this.muting !== 'on') this.#mute(token);
    return token;
  }

  #mute(token: number): void {
    this.#muted ??= new Set();
    this.#muted.add(token);
    if (this.muting === 'skip') this.muting = 'on';
  }

  openedAt(token: number): number {
    return this.#openedAt[token & this.#mask] as number;
  }

  /** Settles a place, once, with the reply `buf[start, end)`; `given` as in `OutBuffer.append`. */
  settle(token: number, buf: Buffer, start: number, end: number, given: boolean, out: OutBuffer): void {
    const from = this.#muted?.delete(token) ? end : start;
    if (token !== this.#head) {
      this.#hold(token, buf, from, end, given);
      return;
    }
    out.append(buf, from, end, given);
    this.#advance(out);
  }

  /** Takes a part of the reply for a place; the last one settles it. */
  settlePart(token: number, part: Part, out: OutBuffer): void {
    if (this.#muted?.has(token)) {
      this.#dropPart(token, part, out);
      return;
    }
    const atHead = token === this.#head;
    (atHead ? out : this.#partsOf(token)).appendPart(part);
    if (atHead) this.#headPartly = !part.last;
    else this.#largeBytes += part.end - part.start;
    if (!part.last) return;
    if (atHead) this.#advance(out);
    else this.#size[token & this.#mask] = LARGE;
  }

  /**
   * Sends `buf[start, end)`, which answers no request, between two replies: `now`, at the latest behind the one that is partly sent; or `behind`
   * all that have come, wholly or in part, and wait for others.
   */
  push(buf: Buffer, start: number, end: number, when: 'now' | 'behind', out: OutBuffer): void {
    let at = (this.#head + (this.#headPartly ? 1 : 0)) | 0;
    if (when === 'behind') at = this.#behind(this.#gathers, this.#behind(this.#newestHeld, at));
    if (at === this.#head) {
      out.append(buf, start, end, false);
      return;
    }
    let last = this.#pushed.at(-1);
    if (last?.at !== at) {
      last = { at, bytes: new OutBuffer() };
      this.#pushed.push(last);
    }
    last.bytes.append(buf, start, end, false);
    this.#largeBytes += end - start;
  }

  #owes(token: number): boolean {
    return ((token - this.#head) | 0) >= 0 && ((token - this.#tail) | 0) < 0;
  }

  /** The place behind `token`, or `at` where that is later, or `token` not owed. */
  #behind(token: number, at: number): number {
    return this.#owes(token) && ((token - at) | 0) >= 0 ? (token + 1) | 0 : at;
  }

  /** A reply, or a part of it, waits in the place `token`. */
  #holdsAt(token: number): void {
    if (((token - this.#newestHeld) | 0) > 0 || !this.#owes(this.#newestHeld)) this.#newestHeld = token;
  }

  /** Sends what was pushed and waits no more. */
  #release(out: OutBuffer): void {
    this.#pushed = this.#pushed.filter(({ at, bytes }) => {
      if (((this.#head - at) | 0) < 0) return true;
      this.#largeBytes -= bytes.length;
      out.absorb(bytes);
      return false;
    });
  }

  #partsOf(token: number): OutBuffer {
    this.#large ??= new Map();
    let parts = this.#large.get(token);
    if (parts === undefined) {
      parts = new OutBuffer();
      this.#large.set(token, parts);
      this.#size[token & this.#mask] = PARTLY;
      this.#holdsAt(token);
    }
    return parts;
  }

  #dropPart(token: number, part: Part, out: OutBuffer): void {
    const dropped = new OutBuffer();
    dropped.appendPart(part);
    dropped.clear();
    if (part.last) this.settle(token, part.buf, part.end, part.end, false, out);
  }

  /** The place at the head is settled. */
  #advance(out: OutBuffer): void {
    const next = (this.#head + 1) | 0;
    this.#head = next;
    if (this.#pushed.length > 0) this.#release(out);
    if (next !== this.#tail && this.#size[next & this.#mask] !== OPEN) this.#drain(out);
  }

  /** Moves what is settled at the head to `out`, and the parts of a reply that is not whole yet. */
  #drain(out: OutBuffer): void {
    while (this.#head !== this.#tail) {
      const head = this.#head;
      const place = head & this.#mask;
      const size = this.#size[place] as number;
      if (size === OPEN) break;
      if (size === LARGE || size === PARTLY) {
        const parts = this.#large?.get(head) as OutBuffer;
        this.#large?.delete(head);
        this.#largeBytes -= parts.length;
        out.absorb(parts);
        if (size === PARTLY) {
          this.#size[place] = OPEN;
          this.#headPartly = true;
          break;
        }
      } else {
        this.#stash.take(this.#at[place] as number, size, out);
      }
      this.#head = (head + 1) | 0;
      if (this.#pushed.length > 0) this.#release(out);
    }
    if (this.#stash.live === 0) this.#stash.release();
  }

  #hold(token: number, buf: Buffer, start: number, end: number, given: boolean): void {
    const place = token & this.#mask;
    const size = end - start;
    if (size >= LARGE_MIN) {
      const parts = this.#partsOf(token);
      if (given) parts.append(buf, start, end, true);
      else appendSnugly(parts, buf, start, end);
      this.#largeBytes += size;
      this.#size[place] = LARGE;
      return;
    }
    this.#holdsAt(token);
    if (!this.#stash.hasRoom(size)) this.#makeRoom(size);
    this.#at[place] = this.#stash.put(buf, start, end);
    this.#size[place] = size;
  }

  /** Rewrites the stash with only what is still owed, larger where that fills more than half of it. */
  #makeRoom(size: number): void {
    const stash = this.#stash;
    const isEmpty = stash.live === 0;
    stash.begin(size);
    for (let token = isEmpty ? this.#tail : this.#head; token !== this.#tail; token = (token + 1) | 0) {
      const place = token & this.#mask;
      const bytes = this.#size[place] as number;
      if (bytes >= 0) this.#at[place] = stash.keep(this.#at[place] as number, bytes);
    }
    stash.finish();
  }

  /** Lets go of everything: the client has left. */
  clear(): void {
    for (const parts of this.#large?.values() ?? []) parts.clear();
    this.#large = null;
    for (const { bytes } of this.#pushed) bytes.clear();
    this.#pushed = [];
    this.#largeBytes = 0;
    this.#stash.release();
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

/** Copies `src[start, end)` to `out`, in chunks that are small: most of a larger one would lie idle for as long as the reply waits. */
function appendSnugly(out: OutBuffer, src: Buffer, start: number, end: number): void {
  for (let from = start; from < end; from += SMALL_CHUNK) {
    const buf = takeNear(SMALL_CHUNK);
    const size = Math.min(SMALL_CHUNK, end - from);
    copyInto(buf, placeOf(buf), 0, src, from, from + size);
    out.appendPart({ buf, start: 0, end: size, chunk: true });
  }
}
