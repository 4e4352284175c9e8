import t from 'tap';
import { ketamaContinuum, ring } from '../../../../src/routing/strategies/ring.ts';
import { build, ownerOf, ringNodes } from '../helpers.ts';

const pointsOf = (owners: Uint16Array, node: number): number => owners.filter((owner) => owner === node).length;

t.test('defaults: murmur, {} tags', async (t) => {
  t.strictSame(ring.options.parse({}), { hash: 'murmur', hash_tag: '{}' });
  t.throws(() => ring.options.parse({ hash: 'sha1' }));
  t.throws(() => ring.options.parse({ hash_tag: '{' }), { message: /exactly two bytes/ });
  t.throws(() => ring.options.parse({ vnodes: 3 }), 'an unknown option is refused');
});

t.test('points follow weights in single precision, and extreme weights leave a node with none', async (t) => {
  const weighted = ketamaContinuum(ringNodes(['a', 1], ['b', 2], ['c', 5]));
  t.strictSame(
    [0, 1, 2].map((node) => pointsOf(weighted.owners, node)),
    [60, 120, 300],
  );
  const extreme = ketamaContinuum(ringNodes(['a', 100000], ['b', 1]));
  t.equal(pointsOf(extreme.owners, 0), 316);
  t.equal(pointsOf(extreme.owners, 1), 0);
});

t.test('the order of the list does not matter, the labels do', async (t) => {
  const forward = ringNodes('zeta', 'b', 'aa', 'server10', 'server9');
  const backward = forward.toReversed();
  const [one, two] = [build(ring, forward), build(ring, backward)];
  for (let i = 0; i < 1000; i++) {
    t.equal(forward[ownerOf(one, `key${i}`)]?.name, backward[ownerOf(two, `key${i}`)]?.name);
  }
  const renamed = build(
    ring,
    forward.map((node) => ({ ...node, name: `${node.name}-other` })),
  );
  t.strictSame(renamed.owners, one.owners, 'the name is not hashed, the label is');
});

t.test('two equal labels are refused, as nutcracker refuses them', async (t) => {
  const [a, b] = ringNodes('a', 'b');
  t.throws(() => build(ring, [{ ...a, label: 'same' } as never, { ...b, label: 'same' } as never]), {
    message: /two nodes have the label "same"/,
  });
});

t.test('explains a placement', async (t) => {
  const nodes = ringNodes('server1', 'server2', 'server3', 'server4');
  const [part, hash, point] = build(ring, nodes).explain?.(Buffer.from('x{apple}\n')) ?? [];
  t.equal(part, 'hashed part: apple');
  t.equal(hash, 'murmur: 4142305122');
  const points = [...ketamaContinuum(nodes).points].slice(0, 640);
  const at = points.findIndex((value) => value >= 4142305122);
  t.ok(at > 0 && (points[at - 1] as number) < 4142305122);
  t.equal(point, `ring point: ${points[at]} (${at + 1} of 640)`);
});
