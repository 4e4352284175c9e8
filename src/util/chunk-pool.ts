/**
 * Free output chunks, shared by all sockets of the process: an idle connection owns none. Most turns of a socket fit a small
 * chunk, pipelines a large one; tiny ones are for what is collected of one request. A chunk comes back only when the kernel has taken its bytes; one that is still being
 * written is left to the garbage collector, because its bytes must not change under the write.
 *
 *   free    ▓▓▓▓▓▓▓▓▓▓░░░░░░     what a burst needed stays for the next one …
 *                 ^idle          … but not what nobody took since the last `trimChunks`
 */
export const TINY_CHUNK = 2 * 1024;
export const SMALL_CHUNK = 16 * 1024;
export const LARGE_CHUNK = 64 * 1024;

/** Below what large values of many clients take at a time the garbage collector would be busy with chunks. */
const FREE_BYTES_MAX = 64 * 1024 * 1024;

interface Shelf {
  readonly free: Buffer[];
  /** The fewest that were free since the last trim. */
  idle: number;
}

const shelves: Readonly<Record<number, Shelf>> = {
  [TINY_CHUNK]: { free: [], idle: 0 },
  [SMALL_CHUNK]: { free: [], idle: 0 },
  [LARGE_CHUNK]: { free: [], idle: 0 },
};

/** A chunk of one of these sizes, holding anything. */
export function takeChunk(size: number): Buffer {
  const shelf = shelves[size] as Shelf;
  const chunk = shelf.free.pop();
  if (chunk === undefined) return Buffer.allocUnsafeSlow(size);
  if (shelf.free.length < shelf.idle) shelf.idle = shelf.free.length;
  return chunk;
}

export function giveChunk(chunk: Buffer): void {
  const { free } = shelves[chunk.length] as Shelf;
  if (free.length * chunk.length < FREE_BYTES_MAX) free.push(chunk);
}

/** Lets go of the free chunks that nobody has taken since the last call. To be called now and then. */
export function trimChunks(): void {
  for (const shelf of Object.values(shelves)) {
    shelf.free.length -= Math.min(shelf.idle, shelf.free.length);
    shelf.idle = shelf.free.length;
  }
}
