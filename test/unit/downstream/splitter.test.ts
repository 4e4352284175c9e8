import t from 'tap';
import { Splitter } from '../../../src/downstream/splitter.ts';
import type { Topology } from '../../../src/routing/topology.ts';
import { viewOf } from '../../support/view.ts';

/** A key's first character is the index of its node; `x` has none. */
const topology = {
  nodeFor: (buf: Buffer, start: number, end: number): number => (start === end || buf[start] === 0x78 ? -1 : (buf[start] as number) - 48),
} as unknown as Topology;

/** Fragments as `[node, [positions of its keys]]`. */
function split(splitter: Splitter, first: number, step: number, ...args: string[]): [number, number[]][] {
  splitter.group(viewOf(...args), first, step, (args.length - first) / step, topology);
  return Array.from({ length: splitter.fragments }, (_, fragment) => {
    const keys: number[] = [];
    for (let key = splitter.first[fragment] as number; key >= 0; key = splitter.next[key] as number) {
      keys.push(key);
      if (splitter.fragmentOf[key] !== fragment) t.fail(`key ${key} is not in fragment ${fragment}`);
    }
    if (splitter.count[fragment] !== keys.length) t.fail(`fragment ${fragment} does not count its keys`);
    return [splitter.node[fragment] as number, keys];
  });
}

t.test('fragments in order of first appearance, keys in order, duplicates kept', async (t) => {
  const splitter = new Splitter(3);
  t.same(split(splitter, 1, 1, 'MGET', '2a', '0a', '2b', '1a', '0b'), [
    [2, [0, 2]],
    [0, [1, 4]],
    [1, [3]],
  ]);
  t.same(split(splitter, 1, 2, 'MSET', '1a', '0', '1a', '2'), [[1, [0, 1]]], 'values are not keys');
  t.same(split(splitter, 1, 1, 'DEL', '0a'), [[0, [0]]], 'nothing is left of the request before');
});

t.test('a key without a node: no fragments at all', async (t) => {
  const splitter = new Splitter(2);
  t.same(split(splitter, 1, 1, 'MGET', '0a', 'x', '1a'), []);
  t.same(split(splitter, 1, 1, 'MGET', '0a', '1a'), [
    [0, [0]],
    [1, [1]],
  ]);
});

t.test('grows for many keys', async (t) => {
  const splitter = new Splitter(4);
  const keys = Array.from({ length: 5000 }, (_, i) => `${i % 4}:${i}`);
  const fragments = split(splitter, 1, 1, 'MGET', ...keys);
  t.same(
    fragments.map(([node]) => node),
    [0, 1, 2, 3],
  );
  t.same(fragments[3]?.[1].slice(0, 3), [3, 7, 11]);
  t.equal(
    fragments.reduce((sum, [, list]) => sum + list.length, 0),
    5000,
  );
});
