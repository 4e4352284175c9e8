import { crc32 as zlibCrc32 } from 'node:zlib';
import t from 'tap';
import { crc16, crc16Xmodem, crc32, crc32a } from '../../../../src/routing/hash/crc.ts';
import { bytes, mixedKeys } from '../helpers.ts';

t.test('the check values of the catalogues', async (t) => {
  const check = bytes('123456789');
  t.equal(crc16Xmodem(check, 0, 9), 0x31c3);
  t.equal(crc32a(check, 0, 9), 0xcbf43926);
});

t.test('crc32a is the standard CRC-32, crc32 fifteen bits of it, crc16 ends in the register Redis Cluster masks', async (t) => {
  for (const key of mixedKeys(500, 3)) {
    const expected = zlibCrc32(key);
    t.equal(crc32a(key, 0, key.length), expected);
    t.equal(crc32(key, 0, key.length), (expected >>> 16) & 0x7fff);
    t.equal(crc16(key, 0, key.length) & 0xffff, crc16Xmodem(key, 0, key.length));
  }
});
