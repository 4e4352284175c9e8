import t from 'tap';
import { SLOTS, slotOf } from '../../../../src/routing/hash/slot.ts';
import { bytes } from '../helpers.ts';

t.test('slots as CLUSTER KEYSLOT gives them', async (t) => {
  t.equal(SLOTS, 16384);
  for (const [key, slot] of [
    ['foo', 12182],
    ['bar', 5061],
    ['hello', 866],
    ['123456789', 12739],
    ['', 0],
  ] as const) {
    t.equal(slotOf(bytes(key), 0, key.length), slot, key);
  }
});
