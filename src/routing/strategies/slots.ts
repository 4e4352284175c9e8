import { z } from 'zod';
import { kernelHash } from '../../kernel/kernel.ts';
import { SLOTS, slotOf } from '../hash/slot.ts';
import { hashKey, parseTag } from '../hash/tag.ts';
import type { Locator, RingNode, Strategy } from '../strategy.ts';
import { explainHash } from './explain.ts';
import { formatRanges, parseRanges } from './slot-ranges.ts';

const options = z.strictObject({});

export type SlotsOptions = z.infer<typeof options>;

/** Redis Cluster's tag is part of its slot function, so there is no option for it. */
const TAG = parseTag('{}');
const NOBODY = 0xffff;

/** Redis Cluster's placement: CRC16 mod 16384. A partition is a slot. Weights do not matter: ranges say who owns how much. */
export const slots: Strategy<SlotsOptions> = {
  type: 'slots',
  placement: 'keyed',
  ejectable: false,
  options,
  build: (nodes) => new SlotsLocator(slotOwners(nodes)),
};

class SlotsLocator implements Locator {
  readonly partitions: number = SLOTS;
  readonly owners: Uint16Array;
  readonly hashing = kernelHash('slot', TAG.open, TAG.close);
  readonly lookup = { partitions: SLOTS, ring: null };

  constructor(owners: Uint16Array) {
    this.owners = owners;
  }

  locate(buf: Uint8Array, start: number, end: number): number {
    return hashKey(slotOf, TAG.open, TAG.close, buf, start, end);
  }

  locateHash(hash: number): number {
    return hash;
  }

  explain(key: Uint8Array): string[] {
    return explainHash(TAG, `crc16 mod ${SLOTS}`, key, this.locate(key, 0, key.length));
  }
}

function slotOwners(nodes: readonly RingNode[]): Uint16Array {
  const without = nodes.filter((node) => node.slots === undefined);
  if (without.length === nodes.length) return equalRanges(nodes.length);
  if (without.length > 0) {
    throw new Error(`slots must be given for all nodes or for none; missing for ${without.map((node) => node.name).join(', ')}`);
  }
  const owners = new Uint16Array(SLOTS).fill(NOBODY);
  for (const [index, node] of nodes.entries()) {
    for (const { first, last } of parseRanges(node.slots as string, node.name)) claim(owners, first, last, index, nodes);
  }
  const missing = Array.from(owners.keys()).filter((slot) => owners[slot] === NOBODY);
  if (missing.length > 0) throw new Error(`no node owns the slots ${formatRanges(missing)}`);
  return owners;
}

function claim(owners: Uint16Array, first: number, last: number, index: number, nodes: readonly RingNode[]): void {
  for (let slot = first; slot <= last; slot++) {
    const other = owners[slot] as number;
    if (other !== NOBODY) throw new Error(`slot ${slot} is given twice: to ${nodes[other]?.name} and to ${nodes[index]?.name}`);
    owners[slot] = index;
  }
}

/** As `redis-cli --cluster create` divides the slots: 0-5460, 5461-10922, 10923-16383 for three nodes. */
function equalRanges(count: number): Uint16Array {
  if (count > SLOTS) throw new Error(`there are ${SLOTS} slots, not enough for ${count} nodes`);
  const owners = new Uint16Array(SLOTS);
  for (let index = 0; index < count; index++) {
    owners.fill(index, Math.round((index * SLOTS) / count), Math.round(((index + 1) * SLOTS) / count));
  }
  return owners;
}
