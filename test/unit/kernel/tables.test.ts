import t from 'tap';
import { MEMORY, TABLES_AT, TABLES_SIZE } from '../../../src/kernel/memory.ts';
import { OwnerTable } from '../../../src/kernel/tables.ts';

const table = (partitions: number, owner: number): OwnerTable =>
  new OwnerTable({ partitions, ring: null }, new Uint16Array(partitions).fill(owner));

/** Size, and the owner of the first partition, of a table at `at`. */
const read = (at: number): number[] => {
  const [size = 0, , , , owners = 0] = new Uint32Array(MEMORY.buffer, at, 5);
  return [size, new Uint16Array(MEMORY.buffer, owners, 1)[0] as number];
};

t.test('a table stays where it is while there is room', async (t) => {
  const [a, b] = [table(100, 1), table(200, 2)];
  const at = a.place();
  t.strictSame(read(at), [100, 1]);
  t.strictSame(read(b.place()), [200, 2]);
  t.equal(a.place(), at);
  t.strictSame(read(at), [100, 1]);
});

t.test('where there is no room all others are given up, and put down again when asked for, once for each that is new', async (t) => {
  const tables = Array.from({ length: 20 }, (_, i) => table(200_000 + i, i));
  for (let round = 0; round < 3; round++) {
    table(5, round).place();
    for (const [i, each] of tables.entries()) {
      const at = each.place();
      t.ok(at >= TABLES_AT && at + 2 * (200_000 + i) < TABLES_AT + TABLES_SIZE);
      t.strictSame(read(at), [200_000 + i, i], `round ${round}`);
    }
  }
});

t.test('tables that do not fit beside each other do not take turns: one stays', async (t) => {
  const [one, other] = [table(1_200_000, 1), table(1_200_001, 2)];
  const placed = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? one : other).place() !== 0);
  t.strictSame(placed, [true, true, true, ...placed.slice(3).map((_, i) => i % 2 === 1)]);
  t.strictSame(read(one.place()), [1_200_000, 1]);
  t.equal(other.place(), 0);
  t.strictSame(read(table(10, 3).place()), [10, 3], 'a new one finds room');
});

t.test('a table that is always in use survives the comings and goings of others', async (t) => {
  const stable = table(16_384, 1);
  for (let i = 0; i < 200; i++) {
    if (stable.place() === 0) t.fail(`after ${i} others`);
    table(600_000, i % 7).place();
  }
  t.strictSame(read(stable.place()), [16_384, 1]);
});

t.test('one that is too large has no place', async (t) => {
  t.equal(table(TABLES_SIZE / 2, 1).place(), 0);
});

t.test('of a ring: shift, starts, points and owners one behind the other', async (t) => {
  const starts = Uint32Array.of(0, 1);
  const points = Uint32Array.of(5, 6, 0xffffffff);
  const at = new OwnerTable({ partitions: 2, ring: { shift: 31, starts, points } }, Uint16Array.of(7, 8)).place();
  const [size, shift, startsAt = 0, pointsAt = 0, ownersAt = 0] = new Uint32Array(MEMORY.buffer, at, 5);
  t.strictSame([size, shift], [2, 31]);
  t.strictSame([...new Uint32Array(MEMORY.buffer, startsAt, 2)], [...starts]);
  t.strictSame([...new Uint32Array(MEMORY.buffer, pointsAt, 3)], [...points]);
  t.strictSame([...new Uint16Array(MEMORY.buffer, ownersAt, 2)], [7, 8]);
});
