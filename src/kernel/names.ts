import { NAME_SIZE, NAMES, NAMES_BITS, NAMES_SPARE } from './memory.ts';

/** A command that is routed by argument 1 alone: its name in lower case, its arity as Redis has it, and an id of 15 bits. */
export interface RoutedName {
  readonly id: number;
  readonly name: string;
  readonly arity: number;
}

const NAME_MAX = 8;
const SPREAD = 0x9e3779b97f4a7c15n;

/** True for names that the kernel can tell: of few letters and nothing else. */
export function isTellable(name: string): boolean {
  return name.length <= NAME_MAX && /^[a-z]+$/.test(name);
}

/**
 * Tells the kernel these commands, once. Open addressing with linear probing:
 *
 *   slot   name (64 bits, 0: free) │ arity (32) │ id (32)
 */
export function tellNames(names: readonly RoutedName[]): void {
  for (const { id, name, arity } of names) {
    const word = Buffer.from(name.padEnd(NAME_MAX, '\0'), 'latin1').readBigUInt64LE();
    let slot = NAME_SIZE * Number(BigInt.asUintN(64, word * SPREAD) >> BigInt(64 - NAMES_BITS));
    while (NAMES.getBigUint64(slot, true) !== 0n) slot += NAME_SIZE;
    // A free slot must be left at the end: a search stops there.
    if (slot >= NAME_SIZE * (2 ** NAMES_BITS + NAMES_SPARE - 1)) throw new Error(`too many commands of the hash of ${name}`);
    NAMES.setBigUint64(slot, word, true);
    NAMES.setInt32(slot + 8, arity, true);
    NAMES.setInt32(slot + 12, id, true);
  }
}
