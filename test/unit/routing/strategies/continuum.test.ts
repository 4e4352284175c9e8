import t from 'tap';
import { Continuum } from '../../../../src/routing/strategies/continuum.ts';
import { randomUint32 } from '../helpers.ts';

/** The definition: the first point not below the hash, else the first of all. */
function defined(sorted: readonly number[], hash: number): number {
  const at = sorted.findIndex((point) => point >= hash);
  return Math.max(at, 0);
}

t.test('finds what a walk over all points finds', async (t) => {
  const random = randomUint32(9);
  for (const size of [1, 2, 3, 7, 160, 641]) {
    // A third of the points crowd in a corner, so that buckets are empty and full.
    const points = Array.from({ length: size }, (_, i) => (i % 3 === 0 ? random() >>> 20 : random()));
    const continuum = new Continuum(
      points,
      points.map((_, i) => i),
    );
    const sorted = points.toSorted((a, b) => a - b);
    const near = points.flatMap((point) => [point, (point + 1) >>> 0, (point - 1) >>> 0]);
    for (const hash of [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, ...near, ...Array.from({ length: 500 }, random)]) {
      const found = continuum.find(hash);
      t.equal(found, defined(sorted, hash), `hash ${hash} of ${size} points`);
    }
    t.strictSame([...continuum.points.subarray(0, size)], sorted);
  }
});

t.test('points at both ends of the circle', async (t) => {
  const continuum = new Continuum([0xffffffff, 0, 0x80000000], [7, 8, 9]);
  t.strictSame([...continuum.owners], [8, 9, 7]);
  t.equal(continuum.find(0), 0);
  t.equal(continuum.find(1), 1);
  t.equal(continuum.find(0xffffffff), 2, 'the last point is no sentinel');
  t.equal(new Continuum([5], [3]).find(6), 0, 'the circle closes');
});

t.test('of equal points the one given first is found', async (t) => {
  const continuum = new Continuum([9, 5, 5, 5, 1], [0, 3, 1, 2, 4]);
  t.strictSame([...continuum.owners], [4, 3, 1, 2, 0]);
  t.equal(continuum.owners[continuum.find(2)], 3);
  t.equal(continuum.owners[continuum.find(5)], 3);
});
