import t from 'tap';
import { demoKeys, welcome } from '../../../src/cli/demo-welcome.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { PoolConfig } from '../../../src/config/schema.ts';
import { poolTopology } from '../../../src/config/topology.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';

const NODES = [1, 2, 3].map((index) => ({ name: `node${index}`, port: 7000 + index }));

for (const [name, strategy] of STRATEGIES) {
  t.test(`${name}: what the demo promises is true`, async (t) => {
    const nodes = NODES.map((node) => ({ name: node.name, address: `127.0.0.1:${node.port}` }));
    const config = parseConfig({ pools: { demo: { listen: '127.0.0.1:0', strategy: name, nodes } } });
    const topology = await poolTopology(config.pools.demo as PoolConfig);
    const keys = demoKeys(topology);
    const text = welcome({ endpoint: '127.0.0.1:6400', admin: '127.0.0.1:9600', nodes: NODES, file: 'keyfan.yaml', name, topology });
    t.match(text, `mget ${keys.join(' ')}\n`);
    t.equal(new Set(keys).size, 4);
    const keyed = strategy.placement === 'keyed';
    t.equal(text.includes('a second demo finds the key again'), keyed);
    t.equal(text.includes('Write keys to all nodes with one command'), keyed);
    const owners = keys.map((key) => topology.nodeFor(Buffer.from(key), 0, key.length));
    if (keyed) t.same([...new Set(owners)].sort(), [0, 1, 2], 'one command writes to all nodes');
  });
}
