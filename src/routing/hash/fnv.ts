/**
 * Fowler, Noll and Vo's hashes, bytes signed.
 *
 * Only the low 32 bits of the 64-bit ones are wanted, and neither a product nor a xor lets higher bits flow down into them:
 * they are computed in 32 bits with the low halves of the 64-bit initial value and prime.
 */
const INIT_32 = 0x811c9dc5;
const PRIME_32 = 0x01000193;
const INIT_64_LOW = 0x84222325;
const PRIME_64_LOW = 0x1b3;

export function fnv1x32(buf: Uint8Array, start: number, end: number): number {
  return multiplyThenXor(buf, start, end, INIT_32, PRIME_32);
}

export function fnv1ax32(buf: Uint8Array, start: number, end: number): number {
  return xorThenMultiply(buf, start, end, INIT_32, PRIME_32);
}

export function fnv1x64(buf: Uint8Array, start: number, end: number): number {
  return multiplyThenXor(buf, start, end, INIT_64_LOW, PRIME_64_LOW);
}

export function fnv1ax64(buf: Uint8Array, start: number, end: number): number {
  return xorThenMultiply(buf, start, end, INIT_64_LOW, PRIME_64_LOW);
}

function multiplyThenXor(buf: Uint8Array, start: number, end: number, init: number, prime: number): number {
  let hash = init | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash, prime) ^ (((buf[i] as number) << 24) >> 24);
  return hash >>> 0;
}

function xorThenMultiply(buf: Uint8Array, start: number, end: number, init: number, prime: number): number {
  let hash = init | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (((buf[i] as number) << 24) >> 24), prime);
  return hash >>> 0;
}
