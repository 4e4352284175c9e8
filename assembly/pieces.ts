import { hashKey } from './hash';
import { CELL_BITS, FRAGMENT_OF, NOBODY, NODES_MAX } from './layout';
import { arrayStart, bulkEnd } from './scan';
import { ownerOf } from './table';

/** Up to this many bytes eight at a time beat `memory.copy`. */
const LOOP_MAX: u32 = 128;

/** Copies `[from, end)` to `to`, and up to seven bytes more, which the next piece overwrites. The two do not overlap. */
export function copy(to: u32, from: u32, end: u32): void {
  if (end - from > LOOP_MAX) memory.copy(to, from, end - from);
  else for (; from < end; from += 8, to += 8) store<u64>(to, load<u64>(from));
}

for (let node: u32 = 0; node < NODES_MAX; node++) store<u16>(FRAGMENT_OF + node * 2, NOBODY);

/**
 * Finds the fragment of each of `keys` keys of the request at `base`, whose arguments' bounds stand at `args`: argument `first`, `first +
 * step` … `which`, `open` and `close` say how they are hashed (`open` is -1 where there are no hash tags), `table` who owns what. Writes 16
 * bits for each key to `order` and for each fragment, in order of first appearance, a cell to `cells`: its node, its number of keys, the
 * bytes of these with what follows each up to the next, and four bytes of nothing. Returns the number of fragments.
 */
export function split(
  which: u32,
  open: i32,
  close: u32,
  table: u32,
  base: u32,
  args: u32,
  first: u32,
  step: u32,
  keys: u32,
  order: u32,
  cells: u32,
): u32 {
  let fragments: u32 = 0;
  let bounds = args + first * 8;
  let from = load<u32>(bounds - 4);
  for (let i: u32 = 0; i < keys; i++) {
    const node = ownerOf(table, hashKey(which, open, close, base + load<u32>(bounds), base + load<u32>(bounds + 4)));
    bounds += step * 8;
    const to = load<u32>(bounds - 4);
    let fragment = <u32>load<u16>(FRAGMENT_OF + node * 2);
    const cell = cells + ((fragment === NOBODY ? fragments : fragment) << CELL_BITS);
    if (fragment === NOBODY) {
      fragment = fragments++;
      store<u16>(FRAGMENT_OF + node * 2, fragment);
      store<u32>(cell, node);
      store<u32>(cell + 4, 0);
      store<u32>(cell + 8, 0);
    }
    store<u32>(cell + 4, load<u32>(cell + 4) + 1);
    store<u32>(cell + 8, load<u32>(cell + 8) + to - from);
    store<u16>(order + i * 2, fragment);
    from = to;
  }
  for (let i: u32 = 0; i < fragments; i++) store<u16>(FRAGMENT_OF + load<u32>(cells + (i << CELL_BITS)) * 2, NOBODY);
  return fragments;
}

/**
 * Copies each of `keys` keys of the request at `base`, in encoded form and with what follows it up to the next key, to the fragment that
 * `order` says. `ends` has for each fragment, a cell apart, the offset where the next piece goes.
 */
export function gather(base: u32, args: u32, first: u32, step: u32, keys: u32, order: u32, ends: u32): void {
  let bounds = args + first * 8;
  let from = base + load<u32>(bounds - 4) + 2;
  for (let i: u32 = 0; i < keys; i++) {
    bounds += step * 8;
    const to = base + load<u32>(bounds - 4) + 2;
    const cell = ends + ((<u32>load<u16>(order + i * 2)) << CELL_BITS);
    const end = load<u32>(cell);
    store<u32>(cell, end + to - from);
    copy(end, from, to);
    from = to;
  }
}

/**
 * The other way: `parts` arrays of bulks, of each the offset and the offset behind it in the first eight bytes of a cell at `cells`, become
 * one of `count` elements at `out`, taken in turn from the parts that `order` says. Returns the offset behind it, 0 where the parts are no
 * arrays of bulks or have other elements than `order` wants.
 */
export function merge(order: u32, count: u32, cells: u32, parts: u32, out: u32): u32 {
  const behind = cells + (parts << CELL_BITS);
  for (let cell = cells; cell < behind; cell += 1 << CELL_BITS) {
    const first = arrayStart(load<u32>(cell), load<u32>(cell + 4));
    if (first === 0) return 0;
    store<u32>(cell, first);
  }
  for (let i: u32 = 0; i < count; i++) {
    const cell = cells + ((<u32>load<u16>(order + i * 2)) << CELL_BITS);
    const from = load<u32>(cell);
    const end = bulkEnd(from, load<u32>(cell + 4));
    if (end === 0) return 0;
    store<u32>(cell, end);
    copy(out, from, end);
    out += end - from;
  }
  for (let cell = cells; cell < behind; cell += 1 << CELL_BITS) if (load<u32>(cell) !== load<u32>(cell + 4)) return 0;
  return out;
}
