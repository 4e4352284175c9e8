import t from 'tap';
import { NAMES, NAMES_BITS, NAMES_SPARE } from '../../../src/kernel/memory.ts';
import { isTellable, tellNames } from '../../../src/kernel/names.ts';

t.test('tells names of up to eight letters', async (t) => {
  for (const name of ['get', 'a', 'smembers']) t.ok(isTellable(name), name);
  for (const name of ['', 'sismember', 'object|encoding', 'sort_ro', 'hello2', 'GET']) t.notOk(isTellable(name), name);
});

t.test('more names than there is room for are refused before they could make a search endless', async (t) => {
  const names = Array.from({ length: 2 ** NAMES_BITS + NAMES_SPARE }, (_, id) => {
    const letters = id.toString(26).padStart(3, '0');
    return { id, arity: 2, name: [...letters].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join('') };
  });
  t.throws(() => tellNames(names), /too many commands/);
  t.equal(NAMES.getBigUint64(NAMES.byteLength - 16, true), 0n, 'the last slot is free');
});
