const M = 0x5bd1e995;

/** MurmurHash2 with the seed nutcracker gives it, 0xdeadbeef times the length. */
export function murmur(buf: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = Math.imul(0xdeadbeef, length) ^ length;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    let k = (buf[i] as number) | ((buf[i + 1] as number) << 8) | ((buf[i + 2] as number) << 16) | ((buf[i + 3] as number) << 24);
    k = Math.imul(k, M);
    hash = Math.imul(hash, M) ^ Math.imul(k ^ (k >>> 24), M);
  }
  if (i < end) {
    if (i + 2 < end) hash ^= (buf[i + 2] as number) << 16;
    if (i + 1 < end) hash ^= (buf[i + 1] as number) << 8;
    hash = Math.imul(hash ^ (buf[i] as number), M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return (hash ^ (hash >>> 15)) >>> 0;
}
