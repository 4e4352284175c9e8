import { loadConfig } from '../config/load.ts';
import type { Config, PoolConfig } from '../config/schema.ts';
import { hint } from '../config/spelling.ts';
import { poolTopology } from '../config/topology.ts';
import type { Topology } from '../routing/topology.ts';
import { EXIT, type Io, UsageError } from './exit.ts';
import { showKey } from './show-key.ts';

export interface RouteFlags {
  readonly config: string;
  readonly pool?: string;
  readonly explain?: boolean;
}

/** What Node puts in the place of bytes that are not UTF-8: what the key was cannot be told any more. */
const LOST = '\ufffd';

/** `keyfan route`: one `KEY<TAB>NODE` a key; where any node may serve it, all of them with commas between. */
export async function route(keys: readonly string[], flags: RouteFlags, io: Io): Promise<number> {
  if (keys.some((key) => key.includes(LOST))) {
    throw new UsageError('the key is not UTF-8; ask the running keyfan: redis-cli … KEYFAN ROUTE key');
  }
  const config = await loadConfig(flags.config, io.env);
  const topology = await poolTopology(choosePool(config, flags.pool));
  for (const key of keys) {
    const bytes = Buffer.from(key);
    io.out(`${showKey(key)}\t${nodesOf(topology, bytes)}\n`);
    if (flags.explain) for (const step of topology.locator.explain?.(bytes) ?? []) io.out(`  ${step}\n`);
  }
  return EXIT.ok;
}

function nodesOf(topology: Topology, key: Buffer): string {
  if (topology.source.strategy.placement === 'any') return topology.nodes.map((node) => node.name).join(',');
  const name = topology.nodes[topology.nodeFor(key, 0, key.length)]?.name;
  if (name === undefined) throw new Error('the strategy places this key on no node');
  return name;
}

function choosePool(config: Config, name: string | undefined): PoolConfig {
  const names = Object.keys(config.pools);
  if (name === undefined && names.length > 1) throw new UsageError(`which pool? Add --pool with one of ${names.join(', ')}`);
  const wanted = name ?? (names[0] as string);
  const pool = Object.hasOwn(config.pools, wanted) ? config.pools[wanted] : undefined;
  if (!pool) throw new UsageError(`there is no pool ${wanted}${hint(wanted, names)}; there are ${names.join(', ')}`);
  return pool;
}
