import { giveChunk, LARGE_CHUNK, outgrow, placeOf, SMALL_CHUNK, takeChunk, takeNear } from './chunk-pool.ts';
import { copyInto } from './copy.ts';

/** What an out-buffer writes to; see `SocketSink`. */
export interface Sink {
  /** The first `size` bytes of `chunk`, which goes back to the pool when none of them is needed any more. */
  writeChunk(chunk: Buffer, size: number): void;
  /** As one write; calls `done` when none of the bytes is needed any more. */
  writeAll(list: readonly Uint8Array[], done: () => void): void;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly writableLength: number;
}

/** Frames below this size are always copied. */
const VIEW_MIN = 16 * 1024;

/**
 * True where a frame of `size` bytes is better kept as a view of `buf` than copied. A view may pin at most as much
 * again as it shows: a small view must not keep a huge buffer alive.
 */
export function worthView(size: number, buf: Buffer): boolean {
  return size >= VIEW_MIN && size * 2 >= buf.length;
}

/**
 * Bytes waiting for the end of the turn, in order:
 *
 *   full[0] full[1] …   chunk ▓▓▓▓▓▓░░░░
 *   (closed)                  ^used
 *
 * Small frames are copied into `chunk`, which begins small and is exchanged for a large one once; a large frame whose buffer is
 * given away stands in `full` as a view, and so does a chunk that somebody else has filled.
 */
export class OutBuffer {
  /** Bytes appended and not yet handed to the sink. */
  length = 0;
  readonly #take: (size: number) => Buffer;
  #chunk: Buffer | null = null;
  /** See `placeOf`. */
  #place = 0;
  #capacity = 0;
  #used = 0;
  #full: Buffer[] = [];
  /** The chunks that `full` shows, to be given back together. */
  #closed: Buffer[] = [];

  /** `near` only where the buffer is certain to be flushed or cleared in the end; see `takeNear`. */
  constructor(near: 'near' | 'anywhere' = 'anywhere') {
    this.#take = near === 'near' ? takeNear : takeChunk;
  }

  /** Takes `src[start, end)`. With `given`, nobody will ever again write to `src`, and a large frame is kept as a view. */
  append(src: Buffer, start: number, end: number, given: boolean): void {
    const size = end - start;
    this.length += size;
    const used = this.#used;
    if (used + size <= this.#capacity && (!given || size < VIEW_MIN)) {
      copyInto(this.#chunk as Buffer, this.#place, used, src, start, end);
      this.#used = used + size;
    } else {
      this.#appendSlow(src, start, end, given);
    }
  }

  #appendSlow(src: Buffer, start: number, end: number, given: boolean): void {
    // Nothing of a muted reply: an empty view would keep its whole buffer, and might never be flushed.
    if (start === end) return;
    if (given && end - start >= VIEW_MIN) {
      this.#close();
      this.#full.push(src.subarray(start, end));
      return;
    }
    for (let from = start; from < end; ) {
      if (this.#capacity < LARGE_CHUNK || this.#used === LARGE_CHUNK) this.#extend(end - from);
      const size = Math.min(end - from, this.#capacity - this.#used);
      copyInto(this.#chunk as Buffer, this.#place, this.#used, src, from, from + size);
      this.#used += size;
      from += size;
    }
  }

  /** Takes `buf[start, end)`: by copy, or where it lies in a `chunk` of the pool, by taking that over. */
  appendPart({ buf, start, end, chunk }: { buf: Buffer; start: number; end: number; chunk: boolean }): void {
    if (!chunk) {
      this.append(buf, start, end, false);
      return;
    }
    this.#close();
    this.#full.push(buf.subarray(start, end));
    this.#closed.push(buf);
    this.length += end - start;
  }

  /** Takes over all that `other` holds. */
  absorb(other: OutBuffer): void {
    this.#close();
    other.#close();
    for (const bytes of other.#full) this.#full.push(bytes);
    for (const chunk of other.#closed) this.#closed.push(chunk);
    this.length += other.length;
    other.#full = [];
    other.#closed = [];
    other.length = 0;
  }

  /** Makes room for some of `size` bytes: a first chunk, a large one for a small one, or a further one. */
  #extend(size: number): void {
    const old = this.#chunk;
    const large = this.#used + size > SMALL_CHUNK || this.#full.length > 0;
    const chunk = this.#take(large ? LARGE_CHUNK : SMALL_CHUNK);
    if (old !== null && old.length < chunk.length) outgrow(old, this.#used, chunk);
    else this.#close();
    this.#chunk = chunk;
    this.#place = placeOf(chunk);
    this.#capacity = chunk.length;
  }

  /** Ends the chunk in use. */
  #close(): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    this.#full.push(chunk.subarray(0, this.#used));
    this.#closed.push(chunk);
    this.#reset();
  }

  #reset(): void {
    this.#chunk = null;
    this.#place = 0;
    this.#capacity = 0;
    this.#used = 0;
  }

  /** Hands everything to `sink`: one write (or one writev) however many frames were appended. */
  flush(sink: Sink): void {
    if (this.length === 0) return;
    this.length = 0;
    if (this.#full.length > 0) {
      this.#close();
      this.#flushAll(sink);
      return;
    }
    const chunk = this.#chunk as Buffer;
    const used = this.#used;
    this.#reset();
    sink.writeChunk(chunk, used);
  }

  #flushAll(sink: Sink): void {
    const full = this.#full;
    const closed = this.#closed;
    this.#full = [];
    this.#closed = [];
    sink.writeAll(full, () => {
      for (const chunk of closed) giveChunk(chunk);
    });
  }

  /** Drops everything that was not handed over yet. */
  clear(): void {
    if (this.#chunk !== null) giveChunk(this.#chunk);
    for (const chunk of this.#closed) giveChunk(chunk);
    this.#reset();
    this.#full = [];
    this.#closed = [];
    this.length = 0;
  }
}
