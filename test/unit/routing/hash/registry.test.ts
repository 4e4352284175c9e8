import t from 'tap';
import { HASH_NAMES, HASHES, type HashName } from '../../../../src/routing/hash/registry.ts';
import { bytes, mixedKeys } from '../helpers.ts';

/** The hashes of `apple` as nutcracker computes them. */
const APPLE: Record<HashName, number> = {
  one_at_a_time: 2297466611,
  md5: 3195025439,
  crc16: 3662830516,
  crc32: 10542,
  crc32a: 2838417488,
  fnv1_32: 67176023,
  fnv1a_32: 280767167,
  fnv1_64: 473199127,
  fnv1a_64: 1488911807,
  hsieh: 3738850110,
  jenkins: 1442444624,
  murmur: 4142305122,
};

t.test('holds the twelve functions, and no name that only an object would know', async (t) => {
  t.equal(HASHES.size, 12);
  t.strictSame([...HASHES.keys()].sort(), Object.keys(APPLE).sort());
  for (const name of ['constructor', '__proto__', 'toString']) t.equal(HASHES.get(name as HashName), undefined);
});

for (const name of HASH_NAMES) {
  const hash = HASHES.get(name);
  if (hash === undefined) throw new Error(`no function for ${name}`);

  t.test(name, async (t) => {
    const apple = bytes('apple');
    t.equal(hash(apple, 0, 5), APPLE[name]);

    const wrong: string[] = [];
    for (const key of mixedKeys(400)) {
      const alone = hash(key, 0, key.length);
      if (!Number.isInteger(alone) || alone < 0 || alone >= 2 ** 32) wrong.push(`${alone} is no unsigned 32-bit integer`);
      for (const offset of [1, 2, 3, 64, 67]) {
        const host = new Uint8Array(offset + key.length + 9).fill(0xa5);
        host.set(key, offset);
        const before = Buffer.from(host);
        if (hash(host, offset, offset + key.length) !== alone) wrong.push(`${key.toString('hex')} differs at ${offset}`);
        if (!before.equals(host)) wrong.push(`${key.toString('hex')}: the buffer was changed`);
      }
    }
    t.strictSame(wrong, []);
  });
}
