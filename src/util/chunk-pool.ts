/**
 * Free output chunks, shared by all sockets of the process: an idle connection owns none. Two sizes: most turns of a socket fit
 * a small chunk, pipelines a large one. A chunk comes back only when the kernel has taken its bytes; one that is still being
 * written is left to the garbage collector, because its bytes must not change under the write.
 */
export const SMALL_CHUNK = 16 * 1024;
export const LARGE_CHUNK = 64 * 1024;

const FREE_BYTES_MAX = 16 * 1024 * 1024;
const free: Record<number, Buffer[]> = { [SMALL_CHUNK]: [], [LARGE_CHUNK]: [] };

/** A chunk of SMALL_CHUNK or LARGE_CHUNK bytes, holding anything. */
export function takeChunk(size: number): Buffer {
  return (free[size] as Buffer[]).pop() ?? Buffer.allocUnsafeSlow(size);
}

export function giveChunk(chunk: Buffer): void {
  const list = free[chunk.length] as Buffer[];
  if (list.length * chunk.length < FREE_BYTES_MAX) list.push(chunk);
}
