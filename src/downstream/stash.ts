import { BYTES } from '../kernel/memory.ts';
import { chunkFor, fitsPool, giveChunk, placeOf, takeNear } from '../util/chunk-pool.ts';
import { copyInto } from '../util/copy.ts';
import type { OutBuffer } from '../util/out-buffer.ts';

/**
 * Small replies that wait for others before them.
 *
 *   buf   ▓▓▓ ▓▓░░░▓▓▓▓      ▓ live, ░ taken: its room comes back only when the rest is written anew (`begin`, `keep` …, `finish`)
 *                    ^end
 *
 * It lies in a chunk of the pool, in larger ones as it grows, then in a buffer of its own; in none while nobody waits.
 */
export class Stash {
  /** Bytes that were put and not taken. */
  live = 0;
  #buf: Buffer | null = null;
  /** See `placeOf`. */
  #place = 0;
  #end = 0;
  /** While it is written anew: what it was. */
  #old: Buffer | null = null;
  #oldPlace = 0;

  hasRoom(size: number): boolean {
    return this.#buf !== null && this.#end + size <= this.#buf.length;
  }

  /** Copies `src[start, end)`, for which there is room; returns where it is. */
  put(src: Buffer, start: number, end: number): number {
    const at = this.#end;
    copyInto(this.#buf as Buffer, this.#place, at, src, start, end);
    this.#end = at + end - start;
    this.live += end - start;
    return at;
  }

  /** Moves the `size` bytes at `at` to `out`. */
  take(at: number, size: number, out: OutBuffer): void {
    const from = this.#place + at;
    out.append(this.#place === 0 ? (this.#buf as Buffer) : BYTES, from, from + size, false);
    this.live -= size;
  }

  /** From now on it is as large as `size` bytes more need, and empty: what is kept is to be put again. */
  begin(size: number): void {
    this.#old = this.#buf;
    this.#oldPlace = this.#place;
    const capacity = Math.max(this.#old?.length ?? 0, 2 * (this.live + size));
    const chunk = chunkFor(capacity);
    this.#buf = chunk === undefined ? Buffer.allocUnsafeSlow(capacity) : takeNear(chunk);
    this.#place = placeOf(this.#buf);
    this.#end = 0;
    this.live = 0;
  }

  /** Keeps the `size` bytes at `at`; returns where they are now. */
  keep(at: number, size: number): number {
    const from = this.#oldPlace + at;
    return this.put(this.#oldPlace === 0 ? (this.#old as Buffer) : BYTES, from, from + size);
  }

  finish(): void {
    if (this.#old !== null) letGo(this.#old);
    this.#old = null;
  }

  /** Lets go of what there is. */
  release(): void {
    if (this.#buf !== null) letGo(this.#buf);
    this.#buf = null;
    this.#place = 0;
    this.#end = 0;
    this.live = 0;
  }
}

function letGo(buf: Buffer): void {
  if (fitsPool(buf)) giveChunk(buf);
}
