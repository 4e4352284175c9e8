import fc from 'fast-check';
import t from 'tap';
import { ScanCursors, type ScanPlace } from '../../../src/routing/scan-cursor.ts';
import { holds } from '../../fuzz/property.ts';

const NAMES = ['a', 'b', 'c'];
const ALL = Uint8Array.from([1, 1, 1, 1]);

t.test('from 0 through every node once, and back to 0', async (t) => {
  const cursors = new ScanCursors(NAMES);
  const visited: number[] = [];
  let cursor = '0';
  do {
    const place = cursors.parse(cursor, ALL) as ScanPlace;
    visited.push(place.node);
    t.equal(place.cursor, '0');
    cursor = cursors.next(place.node, '0', ALL) as string;
  } while (cursor !== '0');
  t.same([...visited].sort(), [0, 1, 2]);
});

t.test("the node's own cursor comes back, in a number that a double holds", async (t) => {
  const own = fc.bigInt({ min: 1n, max: (1n << 41n) - 1n });
  const cursors = new ScanCursors(NAMES);
  await holds(
    t,
    'there and back',
    fc.property(fc.nat(2), own, (node, value) => {
      const text = cursors.next(node, String(value), ALL) as string;
      const place = cursors.parse(text, ALL) as ScanPlace;
      return place.node === node && place.cursor === String(value) && Number.isSafeInteger(Number(text));
    }),
    { runs: 300 },
  );
  t.equal(cursors.next(0, String(1n << 41n), ALL), null, 'does not fit');
});

t.test('a cursor is good for as long as its node is there', async (t) => {
  const before = new ScanCursors(NAMES);
  const after = new ScanCursors(['x', 'c', 'y', 'a']);
  t.match(after.parse(before.next(0, '7', ALL) as string, ALL), { node: 3, cursor: '7' });
  t.match(after.parse(before.next(2, '7', ALL) as string, ALL), { node: 1, cursor: '7' });
  t.equal(after.parse(before.next(1, '7', ALL) as string, ALL), -1, 'b is gone');
});

t.test('a node that is not in service is passed over', async (t) => {
  const cursors = new ScanCursors(NAMES);
  for (const out of [0, 1, 2]) {
    const live = Uint8Array.from(NAMES, (_, node) => (node === out ? 0 : 1));
    const visited: number[] = [];
    let cursor = '0';
    do {
      const place = cursors.parse(cursor, live) as ScanPlace;
      visited.push(place.node);
      cursor = cursors.next(place.node, '0', live) as string;
    } while (cursor !== '0');
    t.equal(visited.length, 2);
    t.notOk(visited.includes(out));
  }
});

t.test('every node of many has a tag of its own', async (t) => {
  const names = Array.from({ length: 2000 }, (_, i) => `node-${i}`);
  const cursors = new ScanCursors(names);
  t.equal(new Set(names.map((_, node) => cursors.next(node, '1', ALL))).size, names.length);
});

t.test('what is no cursor', async (t) => {
  const cursors = new ScanCursors(NAMES);
  for (const text of ['x', '-1', '1.5', ' 1', String(1n << 64n), '9'.repeat(30)]) t.equal(cursors.parse(text, ALL), null, text);
  t.equal(cursors.parse('5', ALL), -1, 'of no node');
  t.same(cursors.parse('', ALL), cursors.parse('0', ALL), 'nothing is the beginning');
});
