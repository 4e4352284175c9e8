import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import type { Manners } from './client.ts';
import { Proxy } from './proxy.ts';
import { RealClient } from './real-client.ts';
import type { RunOptions, Stage } from './run.ts';
import { Tally } from './tally.ts';

const REQUEST_MS = 400;
const TIMEOUTS = { connect: '300ms', request: `${REQUEST_MS}ms`, node_idle: '1s' };
const RECONNECT = { min: '2ms', max: '50ms' };
const MANNERS: Manners = { pipelineMax: 200, leave: 40, impatient: 60, deaf: 60 };
/** They forget the oldest: clients leave their keys behind. */
const ARGS = ['--maxmemory', '200mb', '--maxmemory-policy', 'allkeys-lru'];
const POOLS = [
  { name: 'ring', strategy: 'ring', nodes: 3, share: 0.6 },
  { name: 'slots', strategy: 'slots', nodes: 2, share: 0.4 },
] as const;

/** keyfan before redis-servers that are killed and paused. */
export async function realStage(options: RunOptions): Promise<Stage> {
  const tally = new Tally();
  const nodes = await Promise.all(POOLS.flatMap((pool) => Array.from({ length: pool.nodes }, () => startRedis({ args: ARGS }))));
  const nodesOf = (pool: number): RedisNode[] => {
    const first = POOLS.slice(0, pool).reduce((sum, { nodes }) => sum + nodes, 0);
    return nodes.slice(first, first + (POOLS[pool]?.nodes ?? 0));
  };
  const pools = Object.fromEntries(
    POOLS.map(({ name, strategy }, i) => [
      name,
      {
        listen: '127.0.0.1:0' as const,
        strategy,
        nodes: nodesOf(i).map((node, n) => ({ name: `n${n}`, address: node.address })),
        timeouts: TIMEOUTS,
        reconnect: RECONNECT,
      },
    ]),
  );
  const proxy = await Proxy.start(options.main, pools).catch(async (error) => {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  });
  const clients = POOLS.flatMap(({ name, share }, p) =>
    Array.from({ length: Math.max(1, Math.round(options.clients * share)) }, (_, i) => {
      const random = new Random(options.seed, 10_000 * (p + 1) + i);
      return new RealClient({ port: proxy.port(name), pool: name, random, tally, manners: MANNERS });
    }),
  );
  const random = new Random(options.seed, 2);
  const hurt = new Map<RedisNode, Promise<void>>();
  return {
    proxy,
    clients,
    tally,
    pools: POOLS.map(({ name }) => name),
    harmMs: [100, 600],
    harm() {
      const node = random.pick(nodes);
      if (hurt.has(node)) return;
      const harm = random.once(3) ? pause(node, random, tally) : kill(node, tally);
      hurt.set(
        node,
        harm.finally(() => hurt.delete(node)),
      );
    },
    async heal() {
      await Promise.all(hurt.values());
    },
    desyncsMax: () => 0,
    async stop() {
      await Promise.allSettled(hurt.values());
      await proxy.stop();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** SIGKILL, and another process in its place. */
async function kill(node: RedisNode, tally: Tally): Promise<void> {
  tally.counts.nodeKills++;
  await node.kill();
  await node.restart();
}

/** SIGSTOP for a time that is sometimes longer than keyfan waits. */
async function pause(node: RedisNode, random: Random, tally: Tally): Promise<void> {
  tally.counts.nodePauses++;
  await node.pause();
  await sleep(random.between(5, 2 * REQUEST_MS));
  node.resume();
}
