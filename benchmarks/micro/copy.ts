import { copyBytes } from '../../src/util/copy.ts';
import { measure, type Result } from './harness.ts';

/** Sizes of small replies, small requests, and around the size from which `copyBytes` leaves the work to `Buffer.copy`. */
const SIZES = [8, 23, 40, 64, 65, 128, 256];
const SPREAD = 4095;

type Copy = (dst: Buffer, at: number, src: Buffer, start: number, end: number) => void;

const WAYS: Readonly<Record<string, Copy>> = {
  copyBytes,
  'Buffer.copy': (dst, at, src, start, end) => {
    src.copy(dst, at, start, end);
  },
};

export function copyResults(): Result[] {
  const src = Buffer.alloc(2 * SPREAD, 7);
  const dst = Buffer.alloc(2 * SPREAD);
  return SIZES.flatMap((size) =>
    Object.entries(WAYS).map(([name, copy]) =>
      measure(`${name}, ${size} bytes`, (operations) => {
        for (let i = 0; i < operations; i++) {
          const start = (i * 23) & SPREAD;
          copy(dst, i & SPREAD, src, start, start + size);
        }
        return dst[0] as number;
      }),
    ),
  );
}
