import t from 'tap';
import { hsieh } from '../../../../src/routing/hash/hsieh.ts';
import { mixedKeys } from '../helpers.ts';

/** The definition in arithmetic without bounds, cut to 32 bits after each step. */
function defined(key: Buffer): number {
  const cut = (x: bigint): bigint => BigInt.asUintN(32, x);
  const pair = (at: number): bigint => BigInt(key.readUInt16LE(at));
  const tail = key.length % 4;
  const at = key.length - tail;
  let hash = 0n;
  for (let i = 0; i < at; i += 4) {
    hash = cut(hash + pair(i));
    hash = cut(hash << 16n) ^ cut((pair(i + 2) << 11n) ^ hash);
    hash = cut(hash + (hash >> 11n));
  }
  if (tail === 3) {
    hash = cut(hash + pair(at));
    hash ^= cut(hash << 16n);
    hash ^= cut(BigInt(key.readInt8(at + 2)) << 18n);
    hash = cut(hash + (hash >> 11n));
  } else if (tail === 2) {
    hash = cut(hash + pair(at));
    hash ^= cut(hash << 11n);
    hash = cut(hash + (hash >> 17n));
  } else if (tail === 1) {
    hash = cut(hash + BigInt(key.readUInt8(at)));
    hash ^= cut(hash << 10n);
    hash = cut(hash + (hash >> 1n));
  }
  for (const [left, right] of [
    [3n, 5n],
    [4n, 17n],
    [25n, 6n],
  ] as const) {
    hash ^= cut(hash << left);
    hash = cut(hash + (hash >> right));
  }
  return Number(hash);
}

t.test('every length of tail, the signed third byte included', async (t) => {
  const wrong = mixedKeys(1000, 6).filter((key) => hsieh(key, 0, key.length) !== defined(key));
  t.strictSame(wrong, []);
});
