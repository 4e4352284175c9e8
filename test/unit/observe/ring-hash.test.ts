import t from 'tap';
import { ringHash } from '../../../src/observe/ring-hash.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';
import type { RingNode, Strategy } from '../../../src/routing/strategy.ts';
import { Topology } from '../../../src/routing/topology.ts';

const NODES: readonly RingNode[] = ['a', 'b', 'c'].map((name) => ({ name, label: name, weight: 1 }));

function hashOf(type: string, options: object, nodes = NODES): string {
  const strategy = STRATEGIES.get(type) as Strategy;
  return ringHash(new Topology({ strategy, options: strategy.options.parse(options), nodes }));
}

t.test('equal placement, equal hash', async (t) => {
  t.equal(hashOf('ring', {}), hashOf('ring', { hash: 'murmur', hash_tag: '{}' }));
  t.match(hashOf('ring', {}), /^[0-9a-f]{16}$/);
});

t.test('whatever moves keys changes it', async (t) => {
  const heavier = NODES.map((node, index) => ({ ...node, weight: index === 0 ? 2 : 1 }));
  const renamed = NODES.map((node, index) => (index === 0 ? { ...node, name: 'z', label: 'z' } : node));
  const hashes = [
    hashOf('ring', {}),
    hashOf('modulo', {}),
    hashOf('slots', {}),
    hashOf('ring', { hash: 'md5' }),
    hashOf('ring', { hash_tag: '' }),
    hashOf('ring', {}, heavier),
    hashOf('ring', {}, renamed),
    hashOf('ring', {}, NODES.slice(0, 2)),
    hashOf('modulo', {}, [...NODES].reverse()),
  ];
  t.equal(new Set(hashes).size, hashes.length);
});

t.test('two versions of a module differ where they place differently', async (t) => {
  const mine = (to: number): Strategy => ({
    ...(STRATEGIES.get('ring') as Strategy),
    type: 'mine',
    build: () => ({ partitions: 1, owners: Uint16Array.of(to), locate: () => 0 }),
  });
  const of = (to: number) => ringHash(new Topology({ strategy: mine(to), options: {}, nodes: NODES }));
  t.equal(of(1), of(1));
  t.not(of(0), of(1));
});

t.test('an ejected node shows', async (t) => {
  const strategy = STRATEGIES.get('ring') as Strategy;
  const topology = new Topology({ strategy, options: strategy.options.parse({}), nodes: NODES });
  t.not(ringHash(topology), ringHash(topology.withEjected(new Set([1]))));
});
