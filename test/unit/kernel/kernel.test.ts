import fc from 'fast-check';
import t from 'tap';
import { hashKeys, interleave, KERNEL_HASHES, scanArgs, scanBulks } from '../../../src/kernel/kernel.ts';
import {
  ARGS,
  ARGS_AT,
  BYTES,
  BYTES_MAX,
  CELLS,
  CELLS_AT,
  ORDER,
  ORDER_AT,
  OUT_AT,
  RESULT,
  STAGE_AT,
  VALUES,
  VALUES_AT,
} from '../../../src/kernel/memory.ts';
import { stage } from '../../../src/kernel/staged.ts';
import { HASHES, type HashName } from '../../../src/routing/hash/registry.ts';
import { slotOf } from '../../../src/routing/hash/slot.ts';
import { hashKey, parseTag } from '../../../src/routing/hash/tag.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';
import { viewOf } from '../../support/view.ts';

/** Puts the bytes where the kernel works, and something that could be mistaken for more of them behind. */
function put(text: string): number {
  latin1(`${text}$1\r\nx\r\n`).copy(BYTES, STAGE_AT);
  return STAGE_AT + text.length;
}

const args = (text: string, count: number, max = 1000): [read: number, done: number] => {
  const to = put(text);
  return [scanArgs(STAGE_AT, STAGE_AT, to, count, max, ARGS_AT) - STAGE_AT, RESULT[0] as number];
};

const bulks = (text: string, count: number): [read: number, done: number] => {
  const to = put(text);
  return [scanBulks(STAGE_AT, to, count) - STAGE_AT, RESULT[0] as number];
};

t.test('arguments: stops behind the last one, or before what is not plain and whole', async (t) => {
  t.strictSame(args('$1\r\na\r\n$0\r\n\r\n$10\r\n0123456789\r\n', 3), [30, 3]);
  t.strictSame([...ARGS.subarray(0, 6)], [4, 5, 11, 11, 18, 28]);
  t.strictSame(args('$1\r\na\r\n$1\r\nb\r\n', 1), [7, 1], 'no more than were asked for');
  const odd = [
    '',
    '$',
    '$1',
    '$1\r',
    '$1\r\n',
    '$1\r\nb',
    '$1\r\nb\r',
    '$1\r\nbb\r\n',
    '$1\n\nb\r\n',
    '$-1\r\n',
    '$01\r\nb\r\n',
    '$ 1\r\nb\r\n',
  ];
  for (const rest of [...odd, '*1\r\n', ':1\r\n', '_\r\n', '$99999999999\r\n', '$4294967297\r\nb\r\n', '$4\r\nbbbb\r\n'])
    t.strictSame(args(`$1\r\na\r\n${rest}`, 2, 3), [7, 1], JSON.stringify(rest));
});

t.test('bulks: as arguments, nulls too', async (t) => {
  t.strictSame(bulks('$1\r\na\r\n$-1\r\n_\r\n$0\r\n\r\n', 4), [21, 4]);
  for (const rest of [
    '$-2\r\n',
    '$-1\r',
    '$-',
    '_',
    '_\r',
    '_x\r\n',
    ':1\r\n',
    '+OK\r\n',
    '*0\r\n',
    '$3\r\nab',
    '$4294967295\r\n',
    '$00\r\n\r\n',
  ])
    t.strictSame(bulks(`$1\r\na\r\n${rest}`, 2), [7, 1], JSON.stringify(rest));
});

t.test('hashes of keys equal those of src/routing/hash', async (t) => {
  const byName = (name: string) => (name === 'slot' ? slotOf : HASHES.get(name as HashName)) as typeof slotOf;
  const key = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const tagged = fc.string({ unit: fc.constantFrom(...'{}ab\xff'), maxLength: 12 }).map(latin1);
  const cases = fc.tuple(fc.array(fc.oneof(key, tagged), { minLength: 1, maxLength: 20 }), fc.constantFrom('{}', '', 'aa', 'b\x00'));
  for (const [name, which] of KERNEL_HASHES) {
    await holds(
      t,
      name,
      fc.property(cases, fc.constantFrom(1, 2), ([keys, text], step) => {
        const tag = parseTag(text);
        const base = stage(viewOf('MSET', ...keys.flatMap((key) => [key, 'v'].slice(0, step))));
        hashKeys(which, tag.open, tag.close, base, ARGS_AT, 1, step, keys.length, VALUES_AT);
        return keys.every((key, i) => VALUES[i] === hashKey(byName(name), tag.open, tag.close, key, 0, key.length));
      }),
      { runs: 300 },
    );
  }
});

t.test('interleave: reads no part beyond its end', async (t) => {
  put('$1\r\na\r\n$1\r\nb\r\n');
  CELLS.set([STAGE_AT, STAGE_AT + 7, STAGE_AT + 7, STAGE_AT + 14]);
  ORDER.set([1, 0]);
  t.equal(interleave(ORDER_AT, 2, CELLS_AT, OUT_AT) - OUT_AT, 14);
  t.equal(RESULT[0], 2);
  t.equal(BYTES.toString('latin1', OUT_AT, OUT_AT + 14), '$1\r\nb\r\n$1\r\na\r\n');
  ORDER.set([0, 0]);
  CELLS.set([STAGE_AT, STAGE_AT + 7]);
  interleave(ORDER_AT, 2, CELLS_AT, OUT_AT);
  t.equal(RESULT[0], 1, 'the second is of another part');
});

t.test('a request larger than the stage is not staged', async (t) => {
  t.equal(stage(viewOf('ECHO', 'x'.repeat(BYTES_MAX))), -1);
  t.ok(stage(viewOf('ECHO', 'x'.repeat(BYTES_MAX - 100))) > 0);
});
