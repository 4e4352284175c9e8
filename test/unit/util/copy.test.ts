import fc from 'fast-check';
import t from 'tap';
import { copyBytes } from '../../../src/util/copy.ts';
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
