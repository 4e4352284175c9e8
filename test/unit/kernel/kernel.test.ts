import fc from 'fast-check';
import t from 'tap';
import { KERNEL_HASHES, merge, scanArgs, scanBulks, scanRequests, split } from '../../../src/kernel/kernel.ts';
import {
  AHEAD,
  AHEAD_AT,
  ARGS,
  ARGS_AT,
  BYTES,
  BYTES_MAX,
  CELL_INTS,
  CELLS,
  CELLS_AT,
  ORDER,
  ORDER_AT,
  OUT_AT,
  RESULT,
  STAGE_AT,
} from '../../../src/kernel/memory.ts';
import { stage } from '../../../src/kernel/staged.ts';
import { OwnerTable } from '../../../src/kernel/tables.ts';
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

/** What `bulks` should say, byte by byte. */
function bulksByHand(text: string, count: number): [read: number, done: number] {
  let at = 0;
  for (let done = 0; done < count; done++) {
    const [head, digits] = /^(?:_|\$(-1|0|[1-9]\d*))\r\n/.exec(text.slice(at)) ?? [];
    if (head === undefined) return [at, done];
    const end = at + head.length + (digits === undefined || digits === '-1' ? 0 : Number(digits) + 2);
    if (end > text.length || text.slice(end - 2, end) !== '\r\n') return [at, done];
    at = end;
  }
  return [at, count];
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const KINDS = ['', 'a', 'b', '$1\r\nx', 'abc', 'ab\r\n', '0123456789', 'x'.repeat(99), 'y'.repeat(100), 'z'.repeat(1000)].map(bulk);
const elements = fc
  .array(fc.tuple(fc.constantFrom(...KINDS, '$-1\r\n', '_\r\n'), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 8 })
  .map((runs) => runs.flatMap(([kind, count]) => new Array<string>(count).fill(kind)));

t.test('runs of bulks of a length, with one byte that is another, and cut anywhere', async (t) => {
  const change = fc.tuple(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.constantFrom('', '0', '1', '2', '9', '$', '_', '\r', '\n', 'x', '-'),
  );
  await holds(
    t,
    'as read by hand',
    fc.property(elements, change, fc.double({ min: 0, max: 1, noNaN: true }), (elements, [where, by], cut) => {
      const plain = elements.join('');
      const at = Math.floor(where * plain.length);
      const text = by === '' ? plain : plain.slice(0, at) + by + plain.slice(at + 1);
      const count = elements.length + 1;
      for (const given of [text, text.slice(0, Math.floor(cut * text.length))]) {
        if (String(bulks(given, count)) !== String(bulksByHand(given, count))) return false;
      }
      return true;
    }),
    { runs: 5000 },
  );
  for (const kind of KINDS) {
    for (let cut = 0; cut < kind.length; cut++)
      if (bulks(kind.repeat(4) + kind.slice(0, cut), 5)[1] !== 4) t.fail(`${JSON.stringify(kind)} cut at ${cut}`);
  }
});

t.test('hashes of keys equal those of src/routing/hash', async (t) => {
  const byName = (name: string) => (name === 'slot' ? slotOf : HASHES.get(name as HashName)) as typeof slotOf;
  const plain = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const tagged = fc.string({ unit: fc.constantFrom(...'{}ab\xff'), maxLength: 12 }).map(latin1);
  const cases = fc.tuple(fc.oneof(plain, tagged), fc.constantFrom('{}', '', 'aa', 'b\x00'));
  for (const [name, which] of KERNEL_HASHES) {
    await holds(
      t,
      name,
      fc.property(cases, ([key, text]) => {
        const { open, close } = parseTag(text);
        // What follows the key looks like a tag: it is not to be found.
        const view = viewOf('SET', key, `${text}b${text}`);
        const base = stage(view);
        scanRequests(base, base + view.limit - view.base, 1, BYTES_MAX, AHEAD_AT, which, open, close, 0);
        return (AHEAD[2] as number) >>> 0 === hashKey(byName(name), open, close, key, 0, key.length);
      }),
      { runs: 1000 },
    );
  }
});

/** A table by which a hash is its own partition, as far as it goes, and so is the owner. */
const byHash = (size: number): number =>
  new OwnerTable(
    { partitions: size, ring: null },
    Uint16Array.from({ length: size }, (_, i) => i),
  ).place();

t.test('split: fragments in order of first appearance, with the number and the bytes of their keys', async (t) => {
  const keys = ['a', 'bb', 'a', 'cccc', 'bb', 'a'];
  const [a, bb, cccc] = ['a', 'bb', 'cccc'].map((key) => slotOf(latin1(key), 0, key.length) % 200);
  t.equal(new Set([a, bb, cccc]).size, 3);
  for (const rest of [[], ['value']]) {
    const base = stage(viewOf('MSET', ...keys.flatMap((key) => [key, ...rest])));
    const step = 1 + rest.length;
    const more = rest.length === 0 ? 0 : 11;
    t.equal(split(2, -1, 0, byHash(200), base, ARGS_AT, 1, step, keys.length, ORDER_AT, CELLS_AT), 3);
    t.strictSame([...ORDER.subarray(0, 6)], [0, 1, 0, 2, 1, 0]);
    const cells = [0, 1, 2].map((fragment) => [...CELLS.subarray(fragment * CELL_INTS, fragment * CELL_INTS + 3)]);
    t.strictSame(cells, [
      [a, 3, 3 * (7 + more)],
      [bb, 2, 2 * (8 + more)],
      [cccc, 1, 10 + more],
    ]);
  }
  const base = stage(viewOf('MGET', 'cccc', 'a'));
  t.equal(split(2, -1, 0, byHash(200), base, ARGS_AT, 1, 1, 2, ORDER_AT, CELLS_AT), 2, 'nothing is left of the one before');
  t.strictSame([...ORDER.subarray(0, 2)], [0, 1]);
});

/** Merges parts that lie one behind the other, with more of the last one's kind behind them. */
function merged(parts: readonly string[], order: readonly number[]): string | null {
  put(parts.join(''));
  let at = STAGE_AT;
  for (const [i, { length }] of parts.entries()) {
    CELLS[i * CELL_INTS] = at;
    at += length;
    CELLS[i * CELL_INTS + 1] = at;
  }
  ORDER.set(order);
  const end = merge(ORDER_AT, order.length, CELLS_AT, parts.length, OUT_AT);
  return end === 0 ? null : BYTES.toString('latin1', OUT_AT, end);
}

t.test('merge: every element of every part, in order, nothing beyond a part', async (t) => {
  const [one, two] = ['*1\r\n$1\r\na\r\n', '*2\r\n$-1\r\n_\r\n'];
  t.equal(merged([one, two], [1, 0, 1]), '$-1\r\n$1\r\na\r\n_\r\n');
  t.equal(merged([one, two], [1, 0, 0]), null, 'the third is of another part');
  t.equal(merged([one, two], [1, 0]), null, 'one element is nobody’s');
  t.equal(merged([two, one], [0, 0, 1, 1]), null, 'what lies behind the last part is not its');
  for (const odd of ['+OK\r\n', ':1\r\n', '*-1\r\n', '$1\r\na\r\n', '*1\r\n:1\r\n', '*01\r\n$1\r\na\r\n', '~1\r\n$1\r\na\r\n'])
    t.equal(merged([two, odd], [0, 1, 0]), null, JSON.stringify(odd));
});

t.test('merge: runs of bulks of a length, from parts that end where the next looks alike', async (t) => {
  await holds(
    t,
    'every element once',
    fc.property(elements, fc.array(fc.nat(2), { minLength: 48, maxLength: 48 }), fc.boolean(), (elements, from, short) => {
      const order = elements.map((_, i) => from[i] as number);
      const parts = [0, 1, 2].map((part) => {
        const own = elements.filter((_, i) => order[i] === part);
        return `*${own.length}\r\n${own.join('')}`;
      });
      // One that an order has one element too many of: what lies behind it is another's.
      if (short) order.push(2);
      return merged(parts, order) === (short ? null : elements.join(''));
    }),
    { runs: 3000 },
  );
  const two = '$1\r\na\r\n'.repeat(2);
  t.equal(merged([`*4\r\n${two}$1\r\nabb$1\r\na\r\n`], [0, 0, 0, 0]), null, 'what looks alike is no bulk');
});

t.test('a request larger than the stage is not staged', async (t) => {
  t.equal(stage(viewOf('ECHO', 'x'.repeat(BYTES_MAX))), -1);
  t.ok(stage(viewOf('ECHO', 'x'.repeat(BYTES_MAX - 100))) > 0);
});
