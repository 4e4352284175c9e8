import { copyBytes } from './copy.ts';

/** A buffer that was grown for one large frame is not kept above this size. */
const KEEP_MAX = 4 * 1024;
/** Nor is one above this size for a rest that fills less than a quarter of it. */
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
    let capacity = Math.max(FIRST_SIZE, needed * 2);
    if (hint > needed && hint < capacity) capacity = hint;
    // Moving down is enough where at least half of the buffer is spent.
    const target = old !== null && needed * 2 <= old.length ? old : Buffer.allocUnsafeSlow(capacity);
    if (old !== null) old.copy(target, 0, this.start, this.end);
    this.buf = target;
    this.end -= this.start;
    this.start = 0;
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
    if (this.buf !== null && this.buf.length > KEEP_MAX) this.buf = null;
  }

  /** Leaves `buf` to itself, e.g. because views of it were given away: what is left moves to a buffer of its own. */
  abandon(): void {
    const old = this.buf;
    const { start, end } = this;
    this.clear();
    if (old !== null && start < end) this.append(old, start, end);
  }

  clear(): void {
    this.buf = null;
    this.start = 0;
    this.end = 0;
  }
}
