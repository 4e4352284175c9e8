import { interleave } from '../kernel/kernel.ts';
import { BYTES, CELLS, CELLS_AT, FRAGMENTS_MAX, ORDER, ORDER_AT, OUT_AT, RESULT, STAGE_AT } from '../kernel/memory.ts';
import { bulkEnd, headerNumber, isArray, isInteger, lineEnd } from '../protocol/element.ts';
import { integerReply } from '../protocol/encode.ts';
import { copyBytes } from '../util/copy.ts';
import { FLEET_MERGES } from './merge-fleet.ts';

/**
 * Makes one reply of the replies of a fan-out's fragments; none of them is an error. `order` tells for each element of the
 * whole which fragment has it, `nodes` the node of each fragment. Null where a reply has not the shape that the command's replies have.
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

/** Merged replies up to this size are copied once more, those of more than that are kept as they are (see `worthView`). */
const SMALL_MAX = 16 * 1024 - 1;

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
  if (size <= SMALL_MAX && parts.length <= FRAGMENTS_MAX) return mergeSmall(parts, order, header, cursors, size);
  return mergeLarge(parts, order, header, cursors, size);
}

/** In the kernel. The result lies in its memory: it is good until the next request or reply is worked on. */
function mergeSmall(parts: readonly Buffer[], order: Uint16Array, header: string, first: readonly number[], size: number): Buffer | null {
  let at = STAGE_AT;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Buffer;
    const end = at + part.copy(BYTES, at, first[i]);
    CELLS[2 * i] = at;
    CELLS[2 * i + 1] = end;
    at = end;
  }
  ORDER.set(order);
  const body = OUT_AT + BYTES.write(header, OUT_AT, 'latin1');
  const end = interleave(ORDER_AT, order.length, CELLS_AT, body);
  return RESULT[0] === order.length && end === OUT_AT + size ? BYTES.subarray(OUT_AT, end) : null;
}

function mergeLarge(parts: readonly Buffer[], order: Uint16Array, header: string, cursors: number[], size: number): Buffer | null {
  const whole = Buffer.allocUnsafe(size);
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
    if (part[0] !== best[0]) continue;
    if (headerNumber(part, 0) > headerNumber(best, 0)) best = part;
  }
  return best;
}
