import { createHash } from 'node:crypto';
import type { Topology } from '../routing/topology.ts';

const SAMPLES = 1024;

/**
 * A short hash of a pool's placement, equal in two processes that place every key alike: strategy, options and nodes as
 * they count for placement, and where sample keys go (which tells two versions of a user's module apart).
 */
export function ringHash(topology: Topology): string {
  const hash = known.get(topology) ?? compute(topology);
  known.set(topology, hash);
  return hash;
}

/** A topology never changes, so its hash is computed once. */
const known = new WeakMap<Topology, string>();

function compute(topology: Topology): string {
  const { strategy, options, nodes } = topology.source;
  const ring = nodes.map(({ name, label, weight, slots }) => [name, label, weight, slots ?? null]);
  const hash = createHash('sha256').update(JSON.stringify([strategy.type, options, ring]));
  const places = Int32Array.from({ length: SAMPLES }, (_, index) => {
    const key = Buffer.from(`sample:${index}`);
    return topology.nodeFor(key, 0, key.length);
  });
  return hash.update(Buffer.from(places.buffer)).digest('hex').slice(0, 16);
}
