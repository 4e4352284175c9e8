import { Random } from '../../../test/support/random.ts';

/**
 * A value of any size out of one block: byte `o` of value `seed` is `BLOCK[(o + shift) % LENGTH]`. The length is a prime, so no buffer
 * that is lost or given twice fits the pattern.
 */
const LENGTH = 1_048_573;
const BLOCK = Buffer.alloc(LENGTH);
const random = new Random(1);
for (let i = 0; i < LENGTH; i++) BLOCK[i] = random.below(256);

const shiftOf = (seed: number): number => (seed * 7919) % LENGTH;

/** The piece of value `seed` from `offset` on, at most `max` bytes and at most to the end of the block. */
export function piece(seed: number, offset: number, max: number): Buffer {
  const at = (offset + shiftOf(seed)) % LENGTH;
  return BLOCK.subarray(at, Math.min(LENGTH, at + max));
}

/** True where `bytes` is what value `seed` has at `offset`. */
export function matches(seed: number, offset: number, bytes: Uint8Array): boolean {
  let done = 0;
  while (done < bytes.length) {
    const expected = piece(seed, offset + done, bytes.length - done);
    if (expected.compare(bytes, done, done + expected.length) !== 0) return false;
    done += expected.length;
  }
  return true;
}
