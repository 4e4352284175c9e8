import fc from 'fast-check';
import t from 'tap';
import { Splitter } from '../../../src/downstream/splitter.ts';
import { ARGS, BYTES, CELL_INTS, CELLS, ORDER, READ } from '../../../src/kernel/memory.ts';
import type { RequestView } from '../../../src/protocol/request.ts';
import { NO_NODE, type Topology } from '../../../src/routing/topology.ts';
import { argument } from '../../fuzz/arbitraries.ts';
import { holds } from '../../fuzz/property.ts';
import { encode } from '../../support/resp.ts';
import { viewOf } from '../../support/view.ts';

/** A key's first character is the index of its node; `x` has none. */
function nodeFor(buf: Buffer, start: number, end: number): number {
  return start === end || buf[start] === 0x78 ? NO_NODE : (buf[start] as number) - 48;
}

/** What the kernel does, by those nodes. */
function splitBase(base: number, first: number, step: number, keys: number): number {
  const fragments: number[] = [];
  for (let i = 0; i < keys; i++) {
    const arg = first + i * step;
    const node = nodeFor(BYTES, base + (ARGS[2 * arg] as number), base + (ARGS[2 * arg + 1] as number));
    if (node === NO_NODE) return 0;
    if (!fragments.includes(node)) CELLS.set([node, 0, 0], CELL_INTS * (fragments.push(node) - 1));
    const cell = CELL_INTS * fragments.indexOf(node);
    CELLS[cell + 1] = (CELLS[cell + 1] as number) + 1;
    CELLS[cell + 2] = (CELLS[cell + 2] as number) + (ARGS[2 * (arg + step) - 1] as number) - (ARGS[2 * arg - 1] as number);
    ORDER[i] = fragments.indexOf(node);
  }
  return fragments.length;
}

const topology = { nodeFor, split: splitBase } as unknown as Topology;

/** The same request as if it had just been read from a socket. */
function asRead(view: RequestView): RequestView {
  view.buf.copy(READ);
  return { ...view, buf: READ };
}

/** Fragments as `[node, [positions of its keys]]`; checks the request of each against the positions. */
function split(splitter: Splitter, first: number, step: number, ...args: string[]): [number, number[]][] {
  const keys = (args.length - first) / step;
  const view = viewOf(...args);
  if (view.limit < READ.length) readFragments(splitter, asRead(view), first, step, keys, args);
  return readFragments(splitter, view, first, step, keys, args);
}

function readFragments(
  splitter: Splitter,
  view: RequestView,
  first: number,
  step: number,
  keys: number,
  args: string[],
): [number, number[]][] {
  splitter.split(view, first, step, keys, topology);
  return Array.from({ length: splitter.fragments }, (_, fragment) => {
    const own = Array.from({ length: keys }, (_, key) => key).filter((key) => splitter.order[key] === fragment);
    if (splitter.count[fragment] !== own.length) t.fail(`fragment ${fragment} does not count its keys`);
    if (splitter.fragments > 1) {
      const buf = splitter.bufs[fragment] as Buffer;
      const bytes = buf.subarray(splitter.start[fragment], splitter.end[fragment]);
      const parts = own.flatMap((key) => args.slice(first + key * step, first + (key + 1) * step));
      if (!bytes.equals(encode([args[0] as string, ...parts]))) t.fail(`fragment ${fragment} is not its part of the request`);
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

t.test('more keys than the kernel has places for, and many behind them', async (t) => {
  const splitter = new Splitter(2);
  const count = ORDER.length + 10;
  const view = { ...viewOf('MGET', '0', '1'), argc: count + 1 };
  const [zero, one] = [view.args.slice(2, 4), view.args.slice(4, 6)];
  view.args = new Int32Array(2 * (count + 1));
  for (let i = 0; i < count; i++) view.args.set(i % 2 === 0 ? zero : one, 2 * (i + 1));
  // By its length the kernel does not take it.
  splitter.split({ ...view, limit: 2 ** 30 }, 1, 1, count, topology);
  t.same([splitter.fragments, splitter.order.length, splitter.order[count - 1]], [2, count, (count - 1) % 2]);
  const keys = Array.from({ length: 40 }, (_, i) => `${i % 2}:${i}`);
  t.same(
    split(splitter, 1, 1, 'MGET', ...keys).map(([node, own]) => [node, own.length]),
    [
      [0, 20],
      [1, 20],
    ],
  );
  t.equal(splitter.order, ORDER);
});

t.test('any keys, few and many, short and long', async (t) => {
  const splitter = new Splitter(4);
  const key = fc.tuple(fc.constantFrom('0', '1', '2', '3'), argument).map(([node, rest]) => node + rest.replace(/[^ -~]/g, '.'));
  const keys = fc.oneof(fc.array(key, { minLength: 1, maxLength: 30 }), fc.array(key, { minLength: 100, maxLength: 200 }));
  await holds(
    t,
    'each key is in the fragment of its node, with its value',
    fc.property(keys, fc.constantFrom(1, 2, 3), (keys, step) => {
      const args = keys.flatMap((key) => [key, 'value', ''].slice(0, step));
      const fragments = split(splitter, 1, step, 'MSET', ...args);
      return fragments.every(([node, own]) => own.every((i) => Number(keys[i]?.[0]) === node));
    }),
    { runs: 300 },
  );
});

t.test('many keys, one of them without a node', async (t) => {
  const keys = Array.from({ length: 40 }, (_, i) => `${i % 3}:${i}`);
  t.same(split(new Splitter(3), 1, 1, 'MGET', ...keys.with(20, 'x')), []);
});
