import { parseConfig } from '../../src/config/load.ts';
import type { PoolConfig } from '../../src/config/schema.ts';
import { poolTopology } from '../../src/config/topology.ts';
import { type KeyfanOptions, type KeyfanProcess, type PoolInput, startKeyfan } from '../../test/support/keyfan.ts';
import { type RedisNode, startRedisNodes } from '../../test/support/redis.ts';
import { until } from '../../test/support/wait.ts';
import { residentBytes } from '../memory.ts';
import { Child } from './child.ts';
import { type Finding, none } from './finding.ts';
import type { NormalClient, Stretch } from './load/normal.ts';

export interface StageOptions {
  readonly nodes: number;
  readonly nodeArgs?: readonly string[];
  readonly timeouts?: PoolInput['timeouts'];
  readonly keyfan?: KeyfanOptions;
}

/** Real nodes with keyfan before them, with the default configuration unless told. */
export interface Stage {
  readonly nodes: readonly RedisNode[];
  readonly keyfan: KeyfanProcess;
  /** The complete configuration of the pool. */
  readonly config: PoolConfig;
  /** Resident memory of keyfan at rest, before any client but a probe. */
  readonly idleBytes: number;
  /** Keys `prefix:…` that node `node` owns. */
  keysOn(node: number, count: number, prefix: string): string[];
  stop(): Promise<void>;
}

export async function setStage({ nodes: count, nodeArgs = [], timeouts = {}, keyfan: options = {} }: StageOptions): Promise<Stage> {
  const nodes = await startRedisNodes(count, { args: nodeArgs });
  const pool: PoolInput = { strategy: 'ring', nodes: nodes.map(({ address }, i) => ({ name: `n${i}`, address })), timeouts };
  try {
    const config = parseConfig({ pools: { pool: { listen: '127.0.0.1:0', ...pool } } }).pools.pool as PoolConfig;
    const topology = await poolTopology(config);
    const keyfan = await startKeyfan(pool, options);
    await until(async () => (await keyfan.metrics()).sum('keyfan_backend_up') === count, 'all nodes to be up');
    return {
      nodes,
      keyfan,
      config,
      idleBytes: residentBytes(keyfan.pid).now,
      keysOn(node, wanted, prefix) {
        const found: string[] = [];
        for (let i = 0; found.length < wanted; i++) {
          const key = Buffer.from(`${prefix}:${i}`);
          if (topology.nodeFor(key, 0, key.length) === node) found.push(key.toString());
        }
        return found;
      },
      async stop() {
        await keyfan.stop();
        await Promise.all(nodes.map((node) => node.stop()));
      },
    };
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}

/** The ordinary clients that everything else must not disturb. */
export const NORMAL_CLIENTS = 50;
/** Else the clients alone would fill the machine, and whatever is beside them would double their latency. */
export const THINK_MS = 5;

/** Ordinary clients spread over the nodes, each with a key of its own; `group` names that of a node. */
export function startNormal(stage: Stage, thinkMs: number, group: (node: number) => string = () => 'normal'): Child<Stretch[]> {
  const each = Math.ceil(NORMAL_CLIENTS / stage.nodes.length);
  const clients = stage.nodes.flatMap((_, node) =>
    stage.keysOn(node, each, 'normal').map((key): NormalClient => ({ port: stage.keyfan.port, key, group: group(node) })),
  );
  return new Child('normal', { clients: clients.slice(0, NORMAL_CLIENTS), thinkMs });
}

export function stretch(stretches: readonly Stretch[], phase: string, group = 'normal'): Stretch {
  const found = stretches.find((each) => each.phase === phase && each.group === group);
  if (found === undefined) throw new Error(`nothing was measured in phase ${phase} of ${group}`);
  return found;
}

export function noErrors(what: string, { errors }: Stretch): Finding {
  const texts = Object.entries(errors).map(([text, count]) => `${count} × ${text}`);
  return none(
    what,
    Object.values(errors).reduce((sum, count) => sum + count, 0),
    texts.slice(0, 3).join(', '),
  );
}
