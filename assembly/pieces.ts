import { RESULT } from './layout';
import { bulkEnd } from './scan';

/** Up to this many bytes eight at a time beat `memory.copy`. */
const LOOP_MAX: u32 = 128;

/** Copies `[from, end)` to `to`, and up to seven bytes more, which the next piece overwrites. */
function copy(to: u32, from: u32, end: u32): void {
  if (end - from > LOOP_MAX) memory.copy(to, from, end - from);
  else for (; from < end; from += 8, to += 8) store<u64>(to, load<u64>(from));
}

/** For `keys` keys as in `gather`: adds the size of each to the cell at `sizes` of its fragment. */
export function measure(args: u32, first: u32, step: u32, keys: u32, order: u32, sizes: u32): void {
  let bounds = args + first * 8;
  let from = load<u32>(bounds - 4);
  for (let i: u32 = 0; i < keys; i++) {
    bounds += step * 8;
    const to = load<u32>(bounds - 4);
    const cell = sizes + ((<u32>load<u16>(order + i * 2)) << 2);
    store<u32>(cell, load<u32>(cell) + to - from);
    from = to;
  }
}

/**
 * Copies each of `keys` keys of the request at `base`, in encoded form and with what follows it up to the next key, to the fragment that
 * `order` says. `ends` has for each fragment the offset where the next piece goes.
 */
export function gather(base: u32, args: u32, first: u32, step: u32, keys: u32, order: u32, ends: u32): void {
  let bounds = args + first * 8;
  let from = base + load<u32>(bounds - 4) + 2;
  for (let i: u32 = 0; i < keys; i++) {
    bounds += step * 8;
    const to = base + load<u32>(bounds - 4) + 2;
    const cell = ends + ((<u32>load<u16>(order + i * 2)) << 2);
    const end = load<u32>(cell);
    store<u32>(cell, end + to - from);
    copy(end, from, to);
    from = to;
  }
}

/**
 * The other way: takes `count` bulks in turn from the parts that `order` says and puts them at `out`. `cursors` has for each part the offset of its
 * next element, followed by the offset behind its last. Returns the offset behind what was written; RESULT is the number of elements
 * written, less than `count` where an element is no bulk.
 */
export function interleave(order: u32, count: u32, cursors: u32, out: u32): u32 {
  let done: u32 = 0;
  for (; done < count; done++) {
    const cell = cursors + ((<u32>load<u16>(order + done * 2)) << 3);
    const from = load<u32>(cell);
    const end = bulkEnd(from, load<u32>(cell + 4));
    if (end === 0) break;
    store<u32>(cell, end);
    copy(out, from, end);
    out += end - from;
  }
  store<u32>(RESULT, done);
  return out;
}
