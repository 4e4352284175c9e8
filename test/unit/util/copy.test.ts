import fc from 'fast-check';
import t from 'tap';
import { BYTES, READ, STAGE_AT } from '../../../src/kernel/memory.ts';
import { giveChunk, placeOf, SMALL_CHUNK, takeChunk, takeNear } from '../../../src/util/chunk-pool.ts';
import { copyBytes, copyInto } from '../../../src/util/copy.ts';
import { holds } from '../../fuzz/property.ts';

t.test('copies exactly the bytes asked for, at every size around the change of method', async (t) => {
  const src = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7 + 1) & 255));
  await holds(
    t,
    'copyBytes',
    fc.property(fc.nat(130), fc.nat(150), fc.nat(20), (size, start, at) => {
      const dst = Buffer.alloc(200, 0xee);
      const expected = Buffer.from(dst);
      src.copy(expected, at, start, start + size);
      copyBytes(dst, at, src, start, start + size);
      return dst.equals(expected);
    }),
    { runs: 2000 },
  );
  const dst = Buffer.alloc(4, 0xee);
  copyBytes(dst, 4, src, 5, 5);
  t.same(dst, Buffer.alloc(4, 0xee), 'nothing');
});

t.test('into a chunk, near or not, from anywhere: exactly these bytes, and nothing changes before or far behind them', async (t) => {
  const elsewhere = Buffer.alloc(4096);
  const sources = [
    [READ, 0],
    [BYTES, STAGE_AT],
    [elsewhere, 0],
  ] as const;
  for (const [src, base] of sources) for (let i = 0; i < 4096; i++) src[base + i] = (i * 7 + 1) & 255;
  for (const chunk of [takeNear(SMALL_CHUNK), takeChunk(SMALL_CHUNK)]) {
    await holds(
      t,
      'copyInto',
      fc.property(fc.nat(1500), fc.nat(300), fc.nat(300), fc.constantFrom(...sources), (size, start, at, [src, base]) => {
        chunk.fill(0xee);
        copyInto(chunk, placeOf(chunk), at, src, base + start, base + start + size);
        const same = chunk.subarray(at, at + size).equals(elsewhere.subarray(start, start + size));
        return same && chunk.subarray(0, at).every((byte) => byte === 0xee) && chunk.subarray(at + size + 8).every((byte) => byte === 0xee);
      }),
      { runs: 500 },
    );
    giveChunk(chunk);
  }
});
