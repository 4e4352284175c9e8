/** The one place where a pool's configuration becomes its topology: the proxy, `keyfan route` and `keyfan check` share it. */
import { loadStrategy } from '../routing/load-strategy.ts';
import type { RingNode } from '../routing/strategy.ts';
import { Topology } from '../routing/topology.ts';
import { explain } from './messages.ts';
import { formatPath, type Path } from './problem.ts';
import type { PoolConfig } from './schema.ts';

export class PlacementError extends Error {
  override readonly name = 'PlacementError';
  /** Relative to the pool. */
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

/** Loads the strategy (a user's module too) and builds the first topology. Rejects with `PlacementError`. */
export async function poolTopology(pool: PoolConfig): Promise<Topology> {
  const { type, options: given } = pool.strategy;
  // The path of a module is absolute by now.
  const strategy = await loadStrategy(type, '/').catch((error: Error) => {
    throw new PlacementError(['strategy'], error.message);
  });
  const options = strategy.options.safeParse(given, { reportInput: true });
  if (!options.success) {
    const texts = explain(options.error.issues, strategy.options).map(({ path, message }) => `${formatPath(path)}: ${message}`);
    throw new PlacementError(['strategy'], texts.join('; '));
  }
  if (pool.auto_eject.enabled && !strategy.ejectable) {
    throw new PlacementError(['auto_eject'], `is not possible with strategy ${type}, whose nodes cannot be taken out`);
  }
  try {
    return new Topology({ strategy, options: options.data, nodes: pool.nodes.map(ringNode) });
  } catch (error) {
    throw new PlacementError(['nodes'], (error as Error).message);
  }
}

function ringNode({ name, label, weight, slots }: PoolConfig['nodes'][number]): RingNode {
  return { name, label, weight, ...(slots === undefined ? {} : { slots }) };
}
