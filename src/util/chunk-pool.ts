/**
 * Free output chunks of one size, shared by all sockets of the process: an idle connection owns none.
 * A chunk comes back only when the kernel has taken its bytes; one that is still being written is left to the
 * garbage collector, because its bytes must not change under the write.
 */
export const CHUNK_SIZE = 16 * 1024;

const FREE_MAX = 1024;
const free: Buffer[] = [];

export function takeChunk(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_SIZE);
}

export function giveChunk(chunk: Buffer): void {
  if (free.length < FREE_MAX) free.push(chunk);
}
