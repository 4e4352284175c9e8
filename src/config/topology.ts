/** The one place where a pool's configuration becomes its topology: the proxy, `keyfan route` and `keyfan check` share it. */
import { isStrategyPath, loadStrategy } from '../routing/load-strategy.ts';
import type { RingNode } from '../routing/strategy.ts';
import { Topology } from '../routing/topology.ts';
import { type Complaint, explain } from './messages.ts';
import { formatPath } from './problem.ts';
import type { PoolConfig } from './schema.ts';

export class PlacementError extends Error {
  override readonly name = 'PlacementError';
  /** Paths are relative to the pool. */
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('\n'));
    this.complaints = complaints;
  }
}

/** Loads the strategy (a user's module too) and builds the first topology. Rejects with `PlacementError`. */
export async function poolTopology(pool: PoolConfig): Promise<Topology> {
  const { type, options: given } = pool.strategy;
  // The path of a module is absolute by now.
  const strategy = await loadStrategy(type, '/').catch((error: Error) => {
    throw new PlacementError([{ path: ['strategy'], message: oneLine(error) }]);
  });
  const complaints: Complaint[] = [];
  if (pool.auto_eject.enabled && !strategy.ejectable) {
    const message = `is not possible with strategy ${type}, whose nodes cannot be taken out`;
    complaints.push({ path: ['auto_eject'], message, atKey: true });
  }
  const options = strategy.options.safeParse(given, { reportInput: true });
  if (!options.success) {
    const found = explain(options.error.issues, strategy.options);
    throw new PlacementError([...complaints, ...found.map((complaint) => ({ ...complaint, path: ['strategy', ...complaint.path] }))]);
  }
  const source = { strategy, options: options.data, nodes: pool.nodes.map(ringNode) };
  const topology = attempt(() => new Topology(source));
  // What keyfan's own strategies refuse is about the nodes. What a module has against is its own: the line to look at is the one that names it.
  if (topology instanceof Error) complaints.push({ path: [isStrategyPath(type) ? 'strategy' : 'nodes'], message: oneLine(topology) });
  if (topology instanceof Error || complaints.length > 0) throw new PlacementError(complaints);
  return topology;
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Problems are lines; what a module throws may be anything. */
function oneLine({ message }: Error): string {
  return message.replace(/\s+/g, ' ').trim();
}

function ringNode({ name, label, weight, slots }: PoolConfig['nodes'][number]): RingNode {
  return { name, label, weight, ...(slots === undefined ? {} : { slots }) };
}
