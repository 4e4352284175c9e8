import t from 'tap';
import { slots } from '../../../../src/routing/strategies/slots.ts';
import type { RingNode } from '../../../../src/routing/strategy.ts';
import { build, ownerOf, ringNodes } from '../helpers.ts';

function withSlots(...ranges: readonly (string | undefined)[]): RingNode[] {
  return ringNodes(...ranges.map((_, i) => `n${i}`)).map((node, i) => (ranges[i] === undefined ? node : { ...node, slots: ranges[i] }));
}

/** [first, last] of each node's run of slots. */
function bounds(owners: Uint16Array, nodes: number): number[][] {
  return Array.from({ length: nodes }, (_, node) => [owners.indexOf(node), owners.lastIndexOf(node)]);
}

t.test('equal contiguous ranges in listed order, as redis-cli divides them; weights do not matter', async (t) => {
  t.strictSame(bounds(build(slots, ringNodes('a', ['b', 5], 'c')).owners, 3), [
    [0, 5460],
    [5461, 10922],
    [10923, 16383],
  ]);
  t.strictSame(bounds(build(slots, ringNodes('a')).owners, 1), [[0, 16383]]);
  for (const count of [2, 7, 100, 16384]) {
    const { owners } = build(slots, ringNodes(...Array.from({ length: count }, (_, i) => `n${i}`)));
    t.equal(owners.length, 16384);
    t.equal(new Set(owners).size, count, `each of ${count} nodes owns slots`);
    t.ok(
      owners.every((owner, slot) => slot === 0 || owner - (owners[slot - 1] as number) <= 1),
      'in order',
    );
  }
  t.throws(() => build(slots, ringNodes(...Array.from({ length: 16385 }, (_, i) => `n${i}`))), { message: /not enough for 16385/ });
});

t.test('ranges as configured', async (t) => {
  const locator = build(slots, withSlots('0-99, 200', '100 - 199,201-16383'));
  t.strictSame(
    [0, 99, 100, 199, 200, 201, 16383].map((slot) => locator.owners[slot]),
    [0, 0, 1, 1, 0, 1, 1],
  );
  t.equal(locator.partitions, 16384);
  t.equal(ownerOf(locator, 'a{foo}'), 1);
  t.equal(locator.locate(Buffer.from('a{foo}'), 0, 6), 12182);
  t.strictSame(locator.explain?.(Buffer.from('a{foo}')), ['hashed part: foo', 'crc16 mod 16384: 12182']);
});

t.test('what does not fit is said clearly', async (t) => {
  for (const [ranges, message] of [
    [['0-5', '8-9,11-16383'], /no node owns the slots 6-7,10$/],
    [['0-100', '100-16383'], /slot 100 is given twice: to n0 and to n1/],
    [['0-16383,5', '9'], /slot 5 is given twice: to n0 and to n0/],
    [['0-16384'], /slots of n0: 16384 is out of range, the last slot is 16383/],
    [['9-5'], /slots of n0: the range 9-5 runs backwards/],
    [['0-16383', undefined, undefined], /for all nodes or for none; missing for n1, n2/],
    [['0-16383', ''], /slots of n1: cannot read ""/],
    [['0x10'], /cannot read "0x10"; write ranges like 0-5460,6000/],
    [['-1'], /cannot read "-1"/],
    [['1-2-3'], /cannot read "1-2-3"/],
  ] as const) {
    t.throws(() => build(slots, withSlots(...ranges)), { message }, JSON.stringify(ranges));
  }
});

t.test('has no options, and nodes cannot be ejected', async (t) => {
  t.throws(() => slots.options.parse({ hash_tag: '' }));
  t.equal(slots.ejectable, false);
});
