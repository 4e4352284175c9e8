import t from 'tap';
import { STRATEGIES } from '../../src/routing/strategies/registry.ts';
import { NODE_NAMES, startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';

const KEYS = Array.from({ length: 200 }, (_, i) => `user:${i}:${i % 5 === 0 ? '{tag}' : ''}`);
const KEYED = [...STRATEGIES].filter(([, { placement }]) => placement === 'keyed').map(([name]) => name);

for (const strategy of KEYED) {
  t.test(`strategy ${strategy}: every key lands where the topology says`, async (t) => {
    const fleet = await startFleet({ strategy });
    t.teardown(() => fleet.stop());
    const client = await fleet.connect();
    const replies = await client.pipeline(KEYS.map((key) => ['SET', key, `value of ${key}`]));
    t.ok(replies.every((reply) => reply.text === '+OK\r\n'));
    t.same(
      (await client.command('MGET', ...KEYS)).value,
      KEYS.map((key) => `value of ${key}`),
    );
    const found = await Promise.all(fleet.nodes.map(async (node) => (await node.call('KEYS', '*')) as string[]));
    const wanted = NODE_NAMES.slice(0, 3).map((_, i) => KEYS.filter((key) => fleet.nodeOf(key) === i));
    t.same(
      found.map((keys) => [...keys].sort()),
      wanted.map((keys) => [...keys].sort()),
    );
    for (const keys of found) t.ok(keys.length > 0, 'each node has keys');
    await client.close();
    await fleet.conserved();
  });
}

t.test('strategy slots agrees with CLUSTER KEYSLOT', async (t) => {
  const fleet = await startFleet({ strategy: 'slots' });
  const cluster = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  t.teardown(() => Promise.all([fleet.stop(), cluster.stop()]));
  for (const key of [...KEYS, '', '{}x', '{a}{b}', 'a}b{c', 'ключ', '{', 'x{y']) {
    const slot = Number(await cluster.call('CLUSTER', 'KEYSLOT', key));
    const wanted = slot <= 5460 ? 0 : slot <= 10_922 ? 1 : 2;
    if (fleet.nodeOf(key) !== wanted) t.equal(fleet.nodeOf(key), wanted, `${key} in slot ${slot}`);
  }
  const client = await fleet.connect();
  await client.command('SET', '{user1000}.following', 'x');
  t.same(await Promise.all(fleet.nodes.map((node) => node.call('DBSIZE'))), [1, 0, 0], 'slot 3443');
  await client.close();
});

t.test('one config line switches between all five', async (t) => {
  for (const strategy of [...KEYED, 'random'] as const) {
    const fleet = await startFleet({ strategy });
    const client = await fleet.connect();
    t.equal((await client.command('SET', 'k', strategy)).text, '+OK\r\n', strategy);
    t.equal((await client.command('DEL', 'k')).text, ':1\r\n', strategy);
    await client.close();
    await fleet.stop();
  }
});

t.test('the five over the same data: what one wrote, the same one finds again after a restart', async (t) => {
  const first = await startFleet({ strategy: { type: 'ring', hash: 'fnv1a_64', hash_tag: '<>' } });
  t.teardown(() => first.stop());
  const client = await first.connect();
  await client.command('MSET', '<u>1', 'x', '<u>2', 'y');
  t.equal((await client.command('MSETNX', '<u>3', 'x', '<u>4', 'y')).text, ':1\r\n', 'the tag is < and >');
  await first.proxy.stop();
  const addresses = first.nodes.map((node) => node.address);
  const second = await startFleet({ addresses, strategy: { type: 'ring', hash: 'fnv1a_64', hash_tag: '<>' } });
  t.teardown(() => second.stop());
  const again = await second.connect();
  t.same((await again.command('MGET', '<u>1', '<u>2', '<u>3')).value, ['x', 'y', 'x']);
});
