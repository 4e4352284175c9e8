import t from 'tap';
import { healthy, startFleet } from '../support/fleet.ts';
import type { RespClient } from '../support/resp-client.ts';
import { startScriptedNode } from '../support/scripted-node.ts';

const textOf = async (client: RespClient, ...words: string[]): Promise<string> => String((await client.command('INFO', ...words)).value);

t.test('sums over all nodes, and what a node says', async (t) => {
  const fleet = await startFleet();
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  for (let i = 0; i < 60; i++) await client.command('SET', `k${i}`, 'x', ...(i % 2 === 0 ? ['EX', '1000'] : []));
  await client.command('SELECT', '3');
  await client.command('SET', 'other', 'x');
  await client.command('GET', 'other');
  t.match(await textOf(client, 'keyspace'), /^# Keyspace\r\ndb0:keys=60,expires=30,avg_ttl=\d+\r\ndb3:keys=1,expires=0,avg_ttl=0\r\n$/);
  t.match(await textOf(client, 'stats'), /total_commands_processed:\d+\r\n(.+\r\n)*keyspace_hits:1\r\n/);
  const one = Number(/used_memory:(\d+)/.exec(await textOf(client, 'NODE', 'a'))?.[1]);
  const all = Number(/used_memory:(\d+)/.exec(await textOf(client, 'MEMORY'))?.[1]);
  t.ok(all > 2.5 * one && all < 4 * one, `${all} of all nodes, ${one} of one`);
  const whole = await textOf(client);
  for (const section of ['Server', 'Clients', 'Stats', 'Nodes', 'Memory', 'Keyspace']) t.match(whole, new RegExp(`^# ${section}\\r$`, 'm'));
  t.notMatch(whole, /not_in_sums/);
  t.equal(await textOf(client, 'nosuch'), '');
  const three = await fleet.connect();
  await three.command('HELLO', '3');
  t.match((await three.command('INFO', 'keyspace')).text, /^=\d+\r\ntxt:# Keyspace\r\ndb0:keys=60/);
  await Promise.all([client.close(), three.close()]);
});

t.test('a node that does not answer: no sums, never smaller ones', async (t) => {
  const fleet = await startFleet();
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  await fleet.nodes[1]?.kill();
  await fleet.waitNode(1, 'not up');
  const whole = await textOf(client);
  t.match(whole, /^loading:0\r\n/m, 'clients that ask whether keyfan is ready are told');
  t.match(whole, /^not_in_sums:b\r\n/m);
  t.notMatch(whole, /keyspace_hits|# Memory|# Keyspace/);
  for (const section of ['keyspace', 'memory', 'stats']) {
    t.match((await client.command('INFO', section)).text, /^-ERR keyfan: node b is down; the command was not executed/, section);
  }
  t.match(await textOf(client, 'server'), /redis_version:\d/);
  await client.close();
});

t.test('the version is the lowest of the nodes', async (t) => {
  const nodes = await Promise.all(
    ['7.2.11', '7.2.4', '8.0.1'].map((version) => {
      const text = `# Server\r\nredis_version:${version}\r\n`;
      return startScriptedNode(healthy(({ args }) => (args[0] === 'INFO' ? `$${text.length}\r\n${text}\r\n` : '-ERR what\r\n')));
    }),
  );
  const fleet = await startFleet({ addresses: nodes.map(({ address }) => address) });
  const client = await fleet.connect();
  t.match(await textOf(client, 'server'), /redis_version:7\.2\.4\r\n/);
  await client.close();
  await fleet.stop();
  await Promise.all(nodes.map((node) => node.stop()));
});
