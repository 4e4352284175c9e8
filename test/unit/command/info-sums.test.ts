import t from 'tap';
import { sumInfo } from '../../../src/command/info-sums.ts';

const node = (version: string, memory: string, stats: string, keyspace: string): string =>
  `# Server\r\nredis_version:${version}\r\n\r\n# Memory\r\n${memory}\r\n# Stats\r\n${stats}\r\n# Keyspace\r\n${keyspace}`;

t.test('sums of what all nodes tell, and the lowest version', async (t) => {
  const sums = sumInfo([
    node(
      '7.2.10',
      'used_memory:1000000\r\nused_memory_human:976.56K\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction',
      'keyspace_hits:1',
      'db0:keys=1,expires=1,avg_ttl=100\r\n',
    ),
    node(
      '7.2.9',
      'used_memory:2000000\r\nmaxmemory:50\r\nmaxmemory_policy:noeviction',
      'keyspace_hits:2',
      'db10:keys=5,expires=0,avg_ttl=0\r\ndb0:keys=3,expires=3,avg_ttl=500,subexpiry=0\r\n',
    ),
    node('8.0.0', 'used_memory:0\r\nmaxmemory:1\r\nmaxmemory_policy:noeviction', 'evicted_keys:7', ''),
  ]);
  t.equal(sums.version, '7.2.9');
  t.match(sums.memory, { used_memory: 3_000_000, used_memory_human: '2.86M', maxmemory: 151, maxmemory_policy: 'noeviction' });
  t.match(sums.stats, { keyspace_hits: 3, evicted_keys: 7, expired_keys: 0 });
  t.same(Object.entries(sums.keyspace), [
    ['db0', 'keys=4,expires=4,avg_ttl=400'],
    ['db10', 'keys=5,expires=0,avg_ttl=0'],
  ]);
});

t.test('nodes that differ', async (t) => {
  const sums = sumInfo([node('7.0.15', 'maxmemory:100\r\nmaxmemory_policy:noeviction', '', ''), node('7.0', 'maxmemory:0', '', '')]);
  t.equal(sums.memory.maxmemory, 0, 'one without a limit');
  t.equal(sums.memory.maxmemory_policy, undefined);
  t.equal(sums.version, '7.0');
  t.same(sums.keyspace, {});
});
