import t from 'tap';
import { parseConfig } from '../../../src/config/load.ts';
import type { ConfigInput, PoolConfig } from '../../../src/config/schema.ts';
import { PlacementError, poolTopology } from '../../../src/config/topology.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';
import { Topology } from '../../../src/routing/topology.ts';

function pool(extra: Partial<ConfigInput['pools'][string]>): PoolConfig {
  return parseConfig({ pools: { p: { listen: 'a:1', nodes: ['n1:1', 'n2:1', { name: 'x', address: 'n3:1', weight: 2 }], ...extra } } })
    .pools.p as PoolConfig;
}

t.test('every strategy of the registry builds from its name alone', async (t) => {
  for (const [type, strategy] of STRATEGIES) {
    const topology = await poolTopology(pool({ strategy: type }));
    t.equal(topology.source.strategy, strategy, type);
    t.same(
      topology.nodes.map((node) => [node.name, node.label, node.weight]),
      [
        ['n1:1', 'n1:1', 1],
        ['n2:1', 'n2:1', 1],
        ['x', 'x', 2],
      ],
    );
  }
});

t.test('options and weights reach the strategy', async (t) => {
  const config = pool({ strategy: { type: 'modulo', hash: 'crc32a', hash_tag: '[]', order: 'label' } });
  const topology = await poolTopology(config);
  const direct = new Topology({
    strategy: topology.source.strategy,
    options: { hash: 'crc32a', hash_tag: '[]', order: 'label' },
    nodes: config.nodes as never,
  });
  t.equal(topology.locator.partitions, 4, 'one for each unit of weight');
  for (const key of ['a', 'b[x]', 'c[x]', 'long:key:1', '']) {
    const bytes = Buffer.from(key);
    t.equal(topology.nodeFor(bytes, 0, bytes.length), direct.nodeFor(bytes, 0, bytes.length), key);
  }
});

t.test('what does not fit is refused with its place', async (t) => {
  const refusal = async (config: PoolConfig) =>
    poolTopology(config).then(
      () => undefined,
      (error: PlacementError) => error,
    );
  const twice = await refusal(
    pool({
      strategy: 'slots',
      nodes: [
        { address: 'n1:1', slots: '0-5' },
        { address: 'n2:1', slots: '5-9' },
      ],
    }),
  );
  t.ok(twice instanceof PlacementError);
  t.match(twice?.complaints, [{ path: ['nodes'], message: /slot 5 is given twice/ }]);
  t.match((await refusal(pool({ strategy: '/no/such/module.js' })))?.complaints, [{ path: ['strategy'], message: /cannot load/ }]);
});
