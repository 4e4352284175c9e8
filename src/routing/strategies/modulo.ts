import { z } from 'zod';
import type { KernelHash } from '../../kernel/kernel.ts';
import type { Lookup } from '../../kernel/tables.ts';
import type { Locator, RingNode, Strategy } from '../strategy.ts';
import { KeyHash } from './key-hash.ts';
import { labelOrder } from './labels.ts';
import { hashOption, hashTagOption } from './options.ts';

/** A node takes as many table entries as it weighs: beyond this somebody mistook weights for bytes. */
const TOTAL_WEIGHT_MAX = 1_000_000;

const options = z.strictObject({
  hash: hashOption,
  hash_tag: hashTagOption,
  order: z
    .enum(['listed', 'label'])
    .default('listed')
    .describe('Order in which the nodes are counted: as listed, or by label (shorter first, then bytewise) as nutcracker sorts them.'),
});

export type ModuloOptions = z.infer<typeof options>;

/** nutcracker's modula: hash mod total weight. A partition is one unit of weight. */
export const modulo: Strategy<ModuloOptions> = {
  type: 'modulo',
  placement: 'keyed',
  ejectable: true,
  options,
  build: (nodes, { hash, hash_tag, order }) => new ModuloLocator(weightedOwners(nodes, order), new KeyHash(hash, hash_tag)),
};

class ModuloLocator implements Locator {
  readonly partitions: number;
  readonly owners: Uint16Array;
  readonly hashing: KernelHash | null;
  readonly lookup: Lookup;
  readonly #hash: KeyHash;

  constructor(owners: Uint16Array, hash: KeyHash) {
    this.partitions = owners.length;
    this.owners = owners;
    this.#hash = hash;
    this.hashing = hash.kernel;
    this.lookup = { partitions: owners.length, ring: null };
  }

  locate(buf: Uint8Array, start: number, end: number): number {
    return this.#hash.of(buf, start, end) % this.partitions;
  }

  locateHash(hash: number): number {
    return hash % this.partitions;
  }

  explain(key: Uint8Array): string[] {
    return [...this.#hash.explain(key), `mod ${this.partitions}: ${this.locate(key, 0, key.length)}`];
  }
}

function weightedOwners(nodes: readonly RingNode[], order: ModuloOptions['order']): Uint16Array {
  const total = nodes.reduce((sum, node) => sum + node.weight, 0);
  if (total > TOTAL_WEIGHT_MAX) {
    throw new Error(`the weights add up to ${total}; modulo takes at most ${TOTAL_WEIGHT_MAX}: divide them by a common factor`);
  }
  const indexes = order === 'label' ? labelOrder(nodes) : nodes.map((_, i) => i);
  const owners = new Uint16Array(total);
  let at = 0;
  for (const index of indexes) {
    const weight = (nodes[index] as RingNode).weight;
    owners.fill(index, at, at + weight);
    at += weight;
  }
  return owners;
}
