import { merge } from '../kernel/kernel.ts';
import { BYTES, CELL_INTS, CELLS, CELLS_AT, OUT_AT, STAGE_AT } from '../kernel/memory.ts';
import { bulkEnd, elementsOf, headerNumber, isArray, isInteger, isNull, isStatus, lineEnd } from '../protocol/element.ts';
import { integerReply, writeArrayHeader } from '../protocol/encode.ts';
import { takeRoom } from '../util/chunk-pool.ts';
import { copyBytes } from '../util/copy.ts';
import { FLEET_MERGES } from './merge-fleet.ts';

/**
 * Makes one reply of the replies to a fan-out's fragments, none of which is an error. `order` has the fragment of each element of the
 * whole, `nodes` the node of each fragment. What it returns is one of `parts` or a buffer that nobody else has; null where a reply has not the shape
 * that the command's replies have.
 */
export type Merge = (parts: readonly Buffer[], order: Uint16Array, nodes: readonly string[]) => Buffer | null;

/**
 * `array`: elements back in the order of the keys (MGET). `status`: all said the same (MSET). `sum`: counts of disjoint keys
 * (DEL). `best`: replies of copies of the same data, where the one that found most speaks for all. Others: see `merge-fleet.ts`.
 */
export const MERGES = { array: mergeArray, status: mergeStatus, sum: mergeSum, best: mergeBest, ...FLEET_MERGES } as const satisfies Record<
  string,
  Merge
>;

export type MergeName = keyof typeof MERGES;

/**
 *   order   0 1 0 0 1         parts[0]  *3 │ a │ c │ d       parts[1]  *2 │ b │ e
 *   whole   *5 │ a │ b │ c │ d │ e
 */
function mergeArray(parts: readonly Buffer[], order: Uint16Array): Buffer | null {
  const header = `*${order.length}\r\n`;
  const cursors: number[] = [];
  let size = header.length;
  let elements = 0;
  for (const part of parts) {
    if (!isArray(part, 0)) return null;
    const first = lineEnd(part, 0);
    elements += headerNumber(part, 0);
    cursors.push(first);
    size += part.length - first;
  }
  if (elements !== order.length) return null;
  const whole = takeRoom(size);
  let at = whole.write(header, 0, 'latin1');
  for (let i = 0; i < order.length; ) {
    const from = order[i] as number;
    const part = parts[from] as Buffer;
    const start = cursors[from] as number;
    let end = start;
    // Neighbours that come from the same fragment are neighbours there.
    do {
      end = end < part.length ? bulkEnd(part, end) : -1;
      if (end < 0) return null;
    } while (++i < order.length && order[i] === from);
    copyBytes(whole, at, part, start, end);
    cursors[from] = end;
    at += end - start;
  }
  // Elements that no key asked for: what is left of `whole` was never written.
  return at === size ? whole : null;
}

/**
 * Does `array` in the kernel, for replies that lie in one block behind the order (16 bits for each of `keys` elements). `bounds` has start
 * and end of each. `place` is the block's offset in the kernel's memory, 0 where it has to be copied there. The result begins at OUT_AT and
 * is valid until the next request or reply. Returns the offset behind it, 0 where the replies are not plain arrays of these elements.
 */
export function mergeBlock(block: Buffer, place: number, end: number, bounds: readonly number[], keys: number): number {
  const base = place === 0 ? STAGE_AT : place;
  if (place === 0) copyBytes(BYTES, STAGE_AT, block, 0, end);
  const parts = bounds.length / 2;
  for (let i = 0; i < parts; i++) {
    CELLS[i * CELL_INTS] = base + (bounds[2 * i] as number);
    CELLS[i * CELL_INTS + 1] = base + (bounds[2 * i + 1] as number);
  }
  return merge(base, keys, CELLS_AT, parts, writeArrayHeader(BYTES, OUT_AT, keys));
}

function mergeStatus(parts: readonly Buffer[]): Buffer | null {
  const first = parts[0] as Buffer;
  return parts.every((part) => part.equals(first)) ? first : null;
}

function mergeSum(parts: readonly Buffer[]): Buffer | null {
  let sum = 0;
  for (const part of parts) {
    if (!isInteger(part, 0)) return null;
    sum += headerNumber(part, 0);
  }
  return Number.isSafeInteger(sum) ? integerReply(sum) : null;
}

function mergeBest(parts: readonly Buffer[]): Buffer | null {
  let best = parts[0] as Buffer;
  for (const part of parts) {
    if (isNull(part, 0)) continue;
    // Not a status: where two clients raced for SET … NX, the first node decides who has won.
    if (isNull(best, 0) ? !isStatus(part, 0) : part[0] === best[0] && found(part) > found(best)) best = part;
  }
  return best;
}

/** How much a node has found: a number as it is, the size of a value; of a list, which has an element for each field that was asked for, the sum of its elements. */
function found(reply: Buffer): number {
  const elements = elementsOf(reply);
  if (elements === null) return headerNumber(reply, 0);
  return elements.reduce((sum, element) => sum + (isNull(element, 0) ? 0 : isInteger(element, 0) ? headerNumber(element, 0) : 1), 0);
}
