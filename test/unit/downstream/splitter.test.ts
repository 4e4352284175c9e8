import t from 'tap';
import { Splitter } from '../../../src/downstream/splitter.ts';
import type { RequestBuilder } from '../../../src/protocol/request-builder.ts';
import type { Topology } from '../../../src/routing/topology.ts';
import { frameOf, viewOf } from '../../support/view.ts';

/** A key's first character is the index of its node; `x` has none. */
const topology = {
  nodeFor: (buf: Buffer, start: number, end: number): number => (start === end || buf[start] === 0x78 ? -1 : (buf[start] as number) - 48),
} as unknown as Topology;

/** Fragments as `[node, [positions of its keys]]`; checks the request of each against the positions. */
function split(splitter: Splitter, first: number, step: number, ...args: string[]): [number, number[]][] {
  const keys = (args.length - first) / step;
  splitter.split(viewOf(...args), first, step, keys, topology);
  return Array.from({ length: splitter.fragments }, (_, fragment) => {
    const own = Array.from({ length: keys }, (_, key) => key).filter((key) => splitter.fragmentOf[key] === fragment);
    if (splitter.count[fragment] !== own.length) t.fail(`fragment ${fragment} does not count its keys`);
    if (splitter.fragments > 1) {
      const { buf, start, end } = splitter.requests[fragment] as RequestBuilder;
      const parts = own.flatMap((key) => args.slice(first + key * step, first + (key + 1) * step));
      if (!buf.subarray(start, end).equals(frameOf(args[0] as string, ...parts)))
        t.fail(`fragment ${fragment} is not its part of the request`);
    }
    return [splitter.node[fragment] as number, own];
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
  t.same(
    split(splitter, 1, 2, 'MSET', '1a', '0', '1a', '2', '0a', '1', '1b', '0'),
    [
      [1, [0, 1, 3]],
      [0, [2]],
    ],
    'a value goes with its key',
  );
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
