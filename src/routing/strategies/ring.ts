import { z } from 'zod';
import type { KernelHash } from '../../kernel/kernel.ts';
import type { Lookup } from '../../kernel/tables.ts';
import { md5Quarters } from '../hash/md5.ts';
import type { Locator, RingNode, Strategy } from '../strategy.ts';
import { Continuum } from './continuum.ts';
import { KeyHash } from './key-hash.ts';
import { labelOrder } from './labels.ts';
import { hashOption, hashTagOption } from './options.ts';

const POINTS_PER_NODE = 160;
/** One MD5 gives four points. */
const POINTS_PER_GROUP = 4;

const options = z.strictObject({ hash: hashOption, hash_tag: hashTagOption });

export type RingOptions = z.infer<typeof options>;

/** nutcracker's ketama, bit for bit. A partition is a point of the ring. */
export const ring: Strategy<RingOptions> = {
  type: 'ring',
  placement: 'keyed',
  ejectable: true,
  options,
  build: (nodes, { hash, hash_tag }) => new RingLocator(ketamaContinuum(nodes), new KeyHash(hash, hash_tag)),
};

class RingLocator implements Locator {
  readonly partitions: number;
  readonly owners: Uint16Array;
  readonly #continuum: Continuum;
  readonly hashing: KernelHash | null;
  readonly lookup: Lookup;
  readonly #hash: KeyHash;

  constructor(continuum: Continuum, hash: KeyHash) {
    this.partitions = continuum.size;
    this.owners = continuum.owners;
    this.#continuum = continuum;
    this.#hash = hash;
    this.hashing = hash.kernel;
    this.lookup = continuum.lookup;
  }

  locate(buf: Uint8Array, start: number, end: number): number {
    return this.#continuum.find(this.#hash.of(buf, start, end));
  }

  locateHash(hash: number): number {
    return this.#continuum.find(hash);
  }

  explain(key: Uint8Array): string[] {
    return [...this.#hash.explain(key), this.#continuum.explain(this.locate(key, 0, key.length))];
  }
}

/** Points are MD5 quarters of `<label>-<group>`. Labels in nutcracker's order, which decides between points of equal value. */
export function ketamaContinuum(nodes: readonly RingNode[]): Continuum {
  const counts = groupCounts(nodes);
  const total = counts.reduce((sum, count) => sum + count, 0) * POINTS_PER_GROUP;
  const points = new Uint32Array(total);
  const owners = new Uint16Array(total);
  let at = 0;
  for (const index of labelOrder(nodes)) {
    for (let group = 0; group < (counts[index] as number); group++, at += POINTS_PER_GROUP) {
      const text = Buffer.from(`${nodes[index]?.label}-${group}`);
      md5Quarters(text, 0, text.length, points, at);
      owners.fill(index, at, at + POINTS_PER_GROUP);
    }
  }
  return new Continuum(points, owners);
}

/**
 * How many groups of points each node gets. Single precision at every step, as nutcracker computes: in doubles, pools of
 * 25, 47, 50 … equal nodes would have other points. Extreme weights can leave a node with none.
 */
function groupCounts(nodes: readonly RingNode[]): number[] {
  const f32 = Math.fround;
  const total = nodes.reduce((sum, node) => sum + node.weight, 0);
  return nodes.map((node) => {
    const share = f32(f32(node.weight) / f32(total));
    return Math.floor(f32(f32(f32(share * POINTS_PER_NODE) / POINTS_PER_GROUP) * f32(nodes.length)));
  });
}
