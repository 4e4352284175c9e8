import { NAMES, NAMES_BITS } from './layout';
import { ownerOf } from './table';

/** In the place of a route. */
export const NOWHERE: u32 = 0xffffffff;

const NAME_MAX: u32 = 8;
/** Sets the bit in which a small letter differs from a capital one; nothing but a letter becomes a letter by it. */
const SMALL: u64 = ((<u64>0x20202020) << 32) | 0x20202020;
/** 2^64 divided by the golden ratio: spreads names over the slots. */
const SPREAD: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

/**
 * Where a request of `argc` arguments goes whose name is `[start, end)` and whose key has that hash: the id of its command and below it, in
 * 16 bits, its node by `table`. NOWHERE where NAMES does not have the command, or it takes another number of arguments.
 */
export function routeOf(table: u32, start: u32, end: u32, argc: i32, hash: u32): u32 {
  const size = end - start;
  if (size - 1 >= NAME_MAX) return NOWHERE;
  const unused = <u64>((NAME_MAX - size) << 3);
  const name = ((load<u64>(start) << unused) >>> unused) | (SMALL >>> unused);
  for (let slot = NAMES + ((<u32>((name * SPREAD) >>> (64 - NAMES_BITS))) << 4); ; slot += 16) {
    const found = load<u64>(slot);
    if (found === 0) return NOWHERE;
    if (found !== name) continue;
    const arity = load<i32>(slot + 8);
    if (arity < 0 ? argc < -arity : argc !== arity) return NOWHERE;
    return (load<u32>(slot + 12) << 16) | ownerOf(table, hash);
  }
}
