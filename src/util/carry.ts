import { chunkFor, fitsPool, giveChunk, takeChunk } from './chunk-pool.ts';
import { copyBytes } from './copy.ts';

/** A larger buffer is let go of when it is empty. It is a chunk of the pool, where that has so large ones: most cut frames need one for a moment only. */
const KEEP_MAX = 4 * 1024;
/** A larger buffer is let go of when what is left fills less than a quarter of it. */
const SPARSE_MAX = 1024 * 1024;
const FIRST_SIZE = 512;

/**
 * Bytes that were read but do not make a whole frame yet.
 *
 *   buf  ░░░░▓▓▓▓▓▓▓▓▓▓░░░░░░
 *            ^start    ^end
 *
 * Grows by doubling with what has really come, never by what a length header declares.
 */
export class Carry {
  buf: Buffer | null = null;
  start = 0;
  end = 0;
  /** Views of `buf` were given away: it is never used again for anything else. */
  given = false;

  get length(): number {
    return this.end - this.start;
  }

  /** Adds `src[from, to)`. `hint` is the size the frame will have at least: growth stops there where doubling would pass it. */
  append(src: Buffer, from: number, to: number, hint = 0): void {
    const size = to - from;
    const buf = this.buf;
    if (buf === null || this.end + size > buf.length) this.#makeRoom(size, hint);
    copyBytes(this.buf as Buffer, this.end, src, from, to);
    this.end += size;
  }

  #makeRoom(size: number, hint: number): void {
    const needed = this.length + size;
    const old = this.buf;
    // Moving down is enough where at least half of the buffer is spent.
    const target = old !== null && needed * 2 <= old.length && !this.given ? old : allocate(needed, hint);
    if (old !== null) old.copy(target, 0, this.start, this.end);
    if (target !== old) this.#release();
    this.buf = target;
    this.end -= this.start;
    this.start = 0;
  }

  /** Lets go of `buf`. */
  #release(): void {
    const { buf } = this;
    if (buf !== null && !this.given && fitsPool(buf)) giveChunk(buf);
    this.buf = null;
    this.given = false;
  }

  /** The first bytes, up to offset `upTo` in `buf`, were used. */
  consume(upTo: number): void {
    this.start = upTo;
    if (this.start < this.end) {
      if (this.buf !== null && this.buf.length > SPARSE_MAX && this.length * 4 < this.buf.length) this.abandon();
      return;
    }
    this.start = 0;
    this.end = 0;
    if (this.buf !== null && (this.buf.length > KEEP_MAX || this.given)) this.#release();
  }

  /** Views of `buf` are kept by somebody else from now on. */
  giveAway(): void {
    this.given = true;
  }

  /** Leaves `buf` to itself: what is left moves to a buffer of its own. */
  abandon(): void {
    const old = this.buf;
    const { start, end } = this;
    this.clear();
    if (old !== null && start < end) this.append(old, start, end);
  }

  /** Lets go of everything. Whoever is just reading `buf` may go on, so it does not go back to the pool. */
  clear(): void {
    this.buf = null;
    this.given = false;
    this.start = 0;
    this.end = 0;
  }
}

/** A buffer for `needed` bytes and some more: `hint` in all where that is less than twice as much. */
function allocate(needed: number, hint: number): Buffer {
  const wanted = hint > needed && hint < needed * 2 ? hint : needed;
  if (wanted <= KEEP_MAX) return Buffer.allocUnsafeSlow(wanted === hint ? hint : Math.min(KEEP_MAX, Math.max(FIRST_SIZE, needed * 2)));
  const chunk = chunkFor(wanted);
  if (chunk !== undefined) return takeChunk(chunk);
  return Buffer.allocUnsafeSlow(wanted === hint ? hint : needed * 2);
}
