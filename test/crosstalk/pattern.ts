import { Random } from '../support/random.ts';

/** The largest value or reply there is, with room to shift it. */
const SIZE = 10 * 1024 * 1024;

/** Bytes that nobody mistakes for others: every value is a piece of them, told by its hash, and is compared as a whole at the cost of a memcmp. */
const PATTERN = Buffer.allocUnsafeSlow(SIZE);
const words = new Uint32Array(PATTERN.buffer, 0, SIZE / 4);
const random = new Random(20_261_124);
for (let i = 0; i < words.length; i++) words[i] = random.next();

const offsetOf = (hash: number, size: number): number => hash % (SIZE - size);

export function writePattern(to: Buffer, at: number, hash: number, size: number): void {
  const from = offsetOf(hash, size);
  PATTERN.copy(to, at, from, from + size);
}

export function isPattern(buf: Buffer, start: number, end: number, hash: number): boolean {
  const size = end - start;
  const from = offsetOf(hash, size);
  return buf.compare(PATTERN, from, from + size, start, end) === 0;
}

/** A size whose logarithm is even between `min` and `max`. */
export function logSize(hash: number, min: number, max: number): number {
  return Math.floor(min * (max / min) ** ((hash >>> 0) / 0x1_0000_0000));
}
