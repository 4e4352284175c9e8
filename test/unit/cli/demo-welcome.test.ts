import t from 'tap';
import { DEMO_KEYS, welcome } from '../../../src/cli/demo-welcome.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { PoolConfig } from '../../../src/config/schema.ts';
import { poolTopology } from '../../../src/config/topology.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';

const NODES = [1, 2, 3].map((index) => ({ name: `node${index}`, port: 7000 + index }));

for (const [name, strategy] of STRATEGIES) {
  const facts = { endpoint: '127.0.0.1:6400', admin: '127.0.0.1:9600', nodes: NODES, file: 'keyfan.yaml', name, strategy };

  t.test(`${name}: what the demo promises is true`, async (t) => {
    const text = welcome(facts);
    t.equal(text.includes('a second demo finds the key again'), strategy.placement === 'keyed');
    t.equal(text.includes('Write keys to all nodes with one command'), strategy.placement === 'keyed');
    if (strategy.placement === 'any') return;
    const nodes = NODES.map((node) => ({ name: node.name, address: `127.0.0.1:${node.port}` }));
    const config = parseConfig({ pools: { demo: { listen: '127.0.0.1:0', strategy: name, nodes } } });
    const topology = await poolTopology(config.pools.demo as PoolConfig);
    const owners = DEMO_KEYS.map((key) => topology.nodeFor(Buffer.from(key), 0, key.length));
    t.same([...new Set(owners)].sort(), [0, 1, 2], 'one command writes to all nodes');
  });
}
