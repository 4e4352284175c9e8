import t from 'tap';
import { createProxy } from '../../src/index.ts';
import { startRedisNodes } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';
import { holds } from './property.ts';
import { besiege } from './siege.ts';

/** One short round of what `npm run fuzz` does for long. */
t.test('clients are served rightly while others send anything and leave anyhow', async (t) => {
  const nodes = await startRedisNodes(3);
  const proxy = createProxy({
    admin: { listen: '127.0.0.1:0' },
    pools: { siege: { listen: '127.0.0.1:0', strategy: 'ring', nodes: nodes.map(({ address }) => address) } },
  });
  t.teardown(async () => {
    await proxy.stop();
    await Promise.all(nodes.map((node) => node.stop()));
  });
  await proxy.start();
  const port = (proxy.address('siege') as { port: number }).port;
  await until(async () => {
    const client = await connectResp(port);
    const { value } = await client.command('MGET', ...Array.from({ length: 64 }, (_, i) => `key:${i}`));
    await client.close();
    return Array.isArray(value);
  }, 'all nodes to be up');
  await holds(t, 'siege', besiege(port, (proxy.adminAddress() as { port: number }).port), { runs: 10, endOnFailure: true });
});
