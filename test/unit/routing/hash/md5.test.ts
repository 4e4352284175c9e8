import { createHash } from 'node:crypto';
import t from 'tap';
import { md5, md5Quarters } from '../../../../src/routing/hash/md5.ts';
import { randomUint32 } from '../helpers.ts';

const random = randomUint32(5);

t.test('equals the runtime’s MD5 for every length up to four blocks, at any offset', async (t) => {
  for (let length = 0; length <= 256; length++) {
    const host = Buffer.from(Array.from({ length: length + 10 }, random));
    const start = length % 7;
    const digest = createHash('md5')
      .update(host.subarray(start, start + length))
      .digest();
    const quarters = new Uint32Array(6);
    md5Quarters(host, start, start + length, quarters, 1);
    t.strictSame([...quarters], [0, ...[0, 4, 8, 12].map((at) => digest.readUInt32LE(at)), 0], `${length} bytes`);
    t.equal(md5(host, start, start + length), digest.readUInt32LE(0));
  }
});
