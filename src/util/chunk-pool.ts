import { BYTES, CHUNKS_AT, CHUNKS_END, MEMORY } from '../kernel/memory.ts';
import { copyInto } from './copy.ts';

/**
 * Free output chunks, shared by all sockets of the process: an idle connection owns none. Most turns of a socket fit a small chunk,
 * pipelines a large one; tiny ones collect the replies to one request. A chunk comes back only when the kernel has taken its bytes: they
 * must not change under a write.
 *
 *   free    ▓▓▓▓▓▓▓▓▓▓░░░░░░     what a burst needed stays for the next one …
 *                 ^idle          … but not what nobody took since the last `trimChunks`
 *   near    ▓▓▓▓                 lie in the memory of src/kernel, where copies cost less; their number is fixed
 */
export const TINY_CHUNK = 2 * 1024;
export const SMALL_CHUNK = 16 * 1024;
export const LARGE_CHUNK = 64 * 1024;
/** For what has to lie in one piece: what waits in a stash, a frame that came with several reads. */
const PIECES: readonly number[] = [128 * 1024, 256 * 1024, 512 * 1024, 1024 * 1024];

/** Most free bytes kept per size. With much less, large values for many clients would keep the garbage collector busy. */
const FREE_BYTES_MAX = 64 * 1024 * 1024;
/** Between chunks that lie side by side; see `copyInto`. */
const GAP = 64;

interface Shelf {
  readonly free: Buffer[];
  /** The fewest that were free since the last trim. */
  idle: number;
  readonly near: Buffer[];
  /** Near chunks that nobody has taken yet. */
  unused: number;
}

const shelf = (near: number): Shelf => ({ free: [], idle: 0, near: [], unused: near });
/** 2, 4 and 4 MiB of near chunks: a thousand requests collected, and what 256 sockets are sent in a turn, 60 of them much. */
const shelves: Readonly<Record<number, Shelf>> = {
  [TINY_CHUNK]: shelf(960),
  [SMALL_CHUNK]: shelf(256),
  [LARGE_CHUNK]: shelf(60),
  ...Object.fromEntries(PIECES.map((size) => [size, shelf(0)])),
};
const SIZES = [TINY_CHUNK, SMALL_CHUNK, LARGE_CHUNK, ...PIECES];

/** The memory of chunks. Their size alone does not tell: what Node cuts small buffers from may be as large as one. */
const made = new WeakSet<ArrayBufferLike>();
let nextPlace = CHUNKS_AT;
let nearCount = 0;

/** The smallest size of chunks that hold `bytes`; undefined where none does. */
export function chunkFor(bytes: number): number | undefined {
  return SIZES.find((size) => size >= bytes);
}

/** Whether `buf` may be given: by its size, so it must be a chunk or have memory of its own, and nobody else have a part of that. */
export function fitsPool(buf: Buffer): boolean {
  return shelves[buf.length] !== undefined;
}

/** A chunk of one of these sizes, holding anything. It may be left to the garbage collector. */
export function takeChunk(size: number): Buffer {
  const shelf = shelves[size] as Shelf;
  const chunk = shelf.free.pop();
  if (chunk === undefined) return make(size);
  if (shelf.free.length < shelf.idle) shelf.idle = shelf.free.length;
  return chunk;
}

function make(size: number): Buffer {
  const chunk = Buffer.allocUnsafeSlow(size);
  made.add(chunk.buffer);
  return chunk;
}

/** As `takeChunk`, a near one where there is one. It must be given back. */
export function takeNear(size: number): Buffer {
  const shelf = shelves[size] as Shelf;
  const chunk = shelf.near.pop();
  if (chunk !== undefined) return chunk;
  if (shelf.unused === 0 || nextPlace + size + GAP > CHUNKS_END) return takeChunk(size);
  shelf.unused--;
  const near = Buffer.from(MEMORY.buffer, nextPlace, size);
  nextPlace += size + GAP;
  nearCount++;
  return near;
}

/** Offset of a chunk in the kernel's memory; 0 for one outside of it, which has an ArrayBuffer of its own and so begins at 0. */
export function placeOf(chunk: Buffer): number {
  return chunk.byteOffset;
}

export function giveChunk(chunk: Buffer): void {
  const { free, near } = shelves[chunk.length] as Shelf;
  if (placeOf(chunk) !== 0) near.push(chunk);
  else if (free.length * chunk.length < FREE_BYTES_MAX) free.push(chunk);
}

/** A buffer of `size` bytes that holds anything: the beginning of a chunk, unless it is small or larger than all of them. */
export function takeRoom(size: number): Buffer {
  const chunk = size < TINY_CHUNK ? undefined : chunkFor(size);
  return chunk === undefined ? Buffer.allocUnsafe(size) : takeChunk(chunk).subarray(0, size);
}

/** The chunk that `view`, from `takeRoom` or given away, is of; null where it is of none, or of a near one. Whoever gives it back must be the only one who has a part of it. */
export function chunkOf({ buffer }: Buffer): Buffer | null {
  return made.has(buffer) ? Buffer.from(buffer as ArrayBuffer) : null;
}

/** Moves the first `size` bytes of `old` to `chunk`, and gives `old` back. */
export function outgrow(old: Buffer, size: number, chunk: Buffer): void {
  const from = placeOf(old);
  copyInto(chunk, placeOf(chunk), 0, from === 0 ? old : BYTES, from, from + size);
  giveChunk(old);
}

/** Lets go of the free chunks that nobody has taken since the last call. To be called now and then. */
export function trimChunks(): void {
  for (const shelf of Object.values(shelves)) {
    shelf.free.length -= Math.min(shelf.idle, shelf.free.length);
    shelf.idle = shelf.free.length;
  }
}

/** Near chunks that somebody has. */
export function nearTaken(): number {
  return nearCount - Object.values(shelves).reduce((sum, { near }) => sum + near.length, 0);
}
