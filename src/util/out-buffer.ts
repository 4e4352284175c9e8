import { CHUNK_SIZE, giveChunk, takeChunk } from './chunk-pool.ts';
import { copyBytes } from './copy.ts';

/** What an out-buffer writes to: the part of `net.Socket` it needs. */
export interface Sink {
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
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
 *   (whole buffers)           ^used
 *
 * Small frames are copied into `chunk`; a large frame whose buffer is given away stands in `full` as a view.
 */
export class OutBuffer {
  /** Bytes appended and not yet handed to the sink. */
  length = 0;
  #chunk: Buffer | null = null;
  #used = 0;
  #full: Buffer[] = [];

  /** Takes `src[start, end)`. With `given`, nobody will ever again write to `src`, and a large frame is kept as a view. */
  append(src: Buffer, start: number, end: number, given: boolean): void {
    const size = end - start;
    this.length += size;
    const chunk = this.#chunk;
    if (chunk !== null && this.#used + size <= CHUNK_SIZE && !given) {
      copyBytes(chunk, this.#used, src, start, end);
      this.#used += size;
    } else {
      this.#appendSlow(src, start, end, given);
    }
  }

  #appendSlow(src: Buffer, start: number, end: number, given: boolean): void {
    if (given) {
      this.#closeChunk();
      this.#full.push(src.subarray(start, end));
      return;
    }
    let from = start;
    while (from < end) {
      if (this.#chunk === null) {
        this.#chunk = takeChunk();
        this.#used = 0;
      }
      const size = Math.min(end - from, CHUNK_SIZE - this.#used);
      copyBytes(this.#chunk, this.#used, src, from, from + size);
      this.#used += size;
      from += size;
      if (from < end) this.#closeChunk();
    }
  }

  #closeChunk(): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    if (this.#used > 0) this.#full.push(this.#used === CHUNK_SIZE ? chunk : chunk.subarray(0, this.#used));
    this.#chunk = null;
    this.#used = 0;
  }

  /** Hands everything to `sink`: one write (or one writev) however many frames were appended. */
  flush(sink: Sink): void {
    if (this.length === 0) return;
    this.length = 0;
    const chunk = this.#chunk as Buffer;
    if (this.#full.length > 0) {
      this.#closeChunk();
      this.#flushAll(sink);
      return;
    }
    const idle = sink.writableLength === 0;
    sink.write(chunk.subarray(0, this.#used));
    this.#used = 0;
    // Taken by the kernel within the call: the chunk may be used again at once.
    if (idle && sink.writableLength === 0) giveChunk(chunk);
    this.#chunk = null;
  }

  #flushAll(sink: Sink): void {
    const full = this.#full;
    this.#full = [];
    sink.cork();
    for (const bytes of full) sink.write(bytes);
    sink.uncork();
  }

  /** Drops everything that was not handed over yet. */
  clear(): void {
    if (this.#chunk !== null) giveChunk(this.#chunk);
    this.#chunk = null;
    this.#used = 0;
    this.#full = [];
    this.length = 0;
  }
}
