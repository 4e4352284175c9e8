import t from 'tap';
import { modulo } from '../../../src/routing/strategies/modulo.ts';
import { random } from '../../../src/routing/strategies/random.ts';
import { ring } from '../../../src/routing/strategies/ring.ts';
import { slots } from '../../../src/routing/strategies/slots.ts';
import type { Strategy } from '../../../src/routing/strategy.ts';
import { NO_NODE, Topology } from '../../../src/routing/topology.ts';
import { build, mixedKeys, ownerOf, ringNodes } from './helpers.ts';

const NODES = ringNodes('n0', 'n1', 'n2', 'n3', 'n4');
const KEYS = mixedKeys(1000);

function topologyOf(strategy: Strategy<never> | Strategy, nodes = NODES): Topology {
  return new Topology({ strategy: strategy as Strategy, options: strategy.options.parse({}), nodes });
}

const route = (topology: Topology, key: Buffer): number => topology.nodeFor(key, 0, key.length);

t.test('gives the node the locator’s owner table names, at any offset', async (t) => {
  const topology = topologyOf(ring);
  const locator = build(ring, NODES);
  for (const key of KEYS) {
    const host = Buffer.concat([Buffer.from('ab'), key, Buffer.from('cd')]);
    t.equal(topology.nodeFor(host, 2, 2 + key.length), ownerOf(locator, key));
  }
});

for (const strategy of [ring, modulo]) {
  t.test(`${strategy.type}: with nodes ejected it routes as if they were not configured, in the full list’s indexes`, async (t) => {
    const full = topologyOf(strategy);
    const less = full.withEjected(new Set([0, 3]));
    const left = [1, 2, 4];
    const locator = build(
      strategy,
      left.map((index) => NODES[index] as never),
    );
    for (const key of KEYS) t.equal(route(less, key), left[ownerOf(locator, key)]);
    t.strictSame([...less.live], [0, 1, 1, 0, 1]);
    t.equal(less.version, full.version + 1);
    t.equal(less.nodes, full.nodes, 'the list of nodes is the same');
    const back = less.withEjected(new Set());
    t.equal(back.version, full.version + 2);
    t.strictSame(back.owners, full.owners);
    t.strictSame([...full.live], [1, 1, 1, 1, 1], 'the older snapshot is as it was');
  });
}

t.test('one node left serves everything, none left serves nothing', async (t) => {
  const full = topologyOf(ring);
  const one = full.withEjected(new Set([0, 1, 3, 4]));
  t.ok(KEYS.every((key) => route(one, key) === 2));
  const none = full.withEjected(new Set([0, 1, 2, 3, 4]));
  t.ok(KEYS.every((key) => route(none, key) === NO_NODE));
});

t.test('nodes of a slots pool cannot be ejected', async (t) => {
  t.throws(() => topologyOf(slots).withEjected(new Set([1])), { message: 'nodes of a slots pool cannot be ejected' });
  t.doesNotThrow(() => topologyOf(slots).withEjected(new Set()));
});

t.test('a strategy that gives a partition out of range gives no node', async (t) => {
  for (const partition of [-1, 2, 0.5, Number.NaN]) {
    const broken = { ...ring, build: () => ({ partitions: 2, owners: Uint16Array.of(0, 1), locate: () => partition }) };
    t.equal(route(topologyOf(broken), Buffer.from('k')), NO_NODE, String(partition));
  }
});

t.test('the kernel does not follow a strategy that leaves partitions without an owner', async (t) => {
  t.not(topologyOf(modulo).kernelTable(), 0);
  const owners = Uint16Array.of(0, 1);
  for (const partitions of [3, 0]) {
    const lacking = { ...modulo, build: () => ({ ...build(modulo, NODES), partitions, owners, lookup: { partitions, ring: null } }) };
    t.equal(topologyOf(lacking).kernelTable(), 0, `${partitions} partitions`);
  }
});

/** Numbers in [0, 1) that draw `first` of `count`, then `second` of the others. */
function draws(first: number, second: number, count: number): () => number {
  const values = [(first + 0.5) / count, ((second > first ? second - 1 : second) + 0.5) / (count - 1)];
  return () => {
    const value = values.shift();
    if (value === undefined) throw new Error('only two numbers are drawn');
    return value;
  };
}

t.test('pickAny takes the less loaded of the two drawn, the first where they are equal', async (t) => {
  const topology = topologyOf(random);
  const up = new Uint8Array(5).fill(1);
  const load = Int32Array.of(5, 1, 4, 1, 0);
  for (let first = 0; first < 5; first++) {
    for (let second = 0; second < 5; second++) {
      if (first === second) continue;
      const expected = (load[second] as number) < (load[first] as number) ? second : first;
      t.equal(topology.pickAny(load, up, draws(first, second, 5)), expected, `${first} and ${second}`);
    }
  }
});

t.test('pickAny draws among the healthy ones only: up and not ejected', async (t) => {
  const topology = topologyOf(random).withEjected(new Set([4]));
  const up = Uint8Array.of(1, 0, 1, 1, 1);
  const load = Int32Array.of(9, 0, 8, 7, 0);
  const healthy = [0, 2, 3];
  for (let first = 0; first < 3; first++) {
    for (let second = 0; second < 3; second++) {
      if (first !== second) t.equal(topology.pickAny(load, up, draws(first, second, 3)), healthy[Math.max(first, second)]);
    }
  }
  t.equal(
    topology.pickAny(load, Uint8Array.of(0, 0, 1, 0, 1), () => 0.999),
    2,
    'a single healthy one',
  );
});

t.test('pickAny gives some node where none is healthy', async (t) => {
  const topology = topologyOf(random);
  const down = new Uint8Array(5);
  t.equal(topology.pickAny(Int32Array.of(1, 1, 1, 0, 1), down, draws(1, 3, 5)), 3);
  t.equal(
    topologyOf(random, ringNodes('only')).pickAny(Int32Array.of(3), Uint8Array.of(0), () => 0.5),
    0,
  );
});

t.test('pickAny stays in range at both ends of the random numbers', async (t) => {
  const topology = topologyOf(random);
  const up = Uint8Array.of(1, 1, 0, 1, 1);
  for (const value of [0, 1 - 2 ** -53]) {
    const picked = topology.pickAny(new Int32Array(5), up, () => value);
    t.equal(picked, value === 0 ? 0 : 4);
  }
});
