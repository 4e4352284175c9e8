import t from 'tap';
import { fnv1ax32, fnv1ax64, fnv1x32, fnv1x64 } from '../../../../src/routing/hash/fnv.ts';
import { mixedKeys } from '../helpers.ts';

/** The definition, in as many bits as it is written in; bytes sign-extended to 64 bits. */
function defined(key: Uint8Array, bits: number, init: bigint, prime: bigint, xorFirst: boolean): number {
  let hash = init;
  for (const byte of key) {
    const signed = BigInt.asUintN(bits, BigInt((byte << 24) >> 24));
    hash = xorFirst ? BigInt.asUintN(bits, (hash ^ signed) * prime) : BigInt.asUintN(bits, hash * prime) ^ signed;
  }
  return Number(BigInt.asUintN(32, hash));
}

t.test('32 bits of arithmetic give the low half of the 64-bit hashes', async (t) => {
  for (const key of mixedKeys(500, 4)) {
    t.equal(fnv1x64(key, 0, key.length), defined(key, 64, 0xcbf29ce484222325n, 0x100000001b3n, false));
    t.equal(fnv1ax64(key, 0, key.length), defined(key, 64, 0xcbf29ce484222325n, 0x100000001b3n, true));
    t.equal(fnv1x32(key, 0, key.length), defined(key, 32, 2166136261n, 16777619n, false));
    t.equal(fnv1ax32(key, 0, key.length), defined(key, 32, 2166136261n, 16777619n, true));
  }
});
