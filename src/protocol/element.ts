import { COLON, CR, DOLLAR, LF, MINUS, STAR, ZERO } from './bytes.ts';
import { parseInt64 } from './header.ts';

/** RESP3's null. */
const UNDERSCORE = '_'.charCodeAt(0);

/** Reading inside replies that a scanner has already found whole: no bounds are checked again. */

/** Offset behind the header line that begins at `at`. */
export function lineEnd(buf: Buffer, at: number): number {
  let end = at;
  while (buf[end] !== LF) end++;
  return end + 1;
}

/** Number in the header or integer reply at `at`; NaN where it is none. */
export function headerNumber(buf: Buffer, at: number): number {
  return parseInt64(buf, at + 1, lineEnd(buf, at) - 2);
}

/** Offset behind the bulk string (or null of either version) at `at`; -1 where no bulk begins there. */
export function bulkEnd(buf: Buffer, at: number): number {
  if (buf[at] !== DOLLAR) return buf[at] === UNDERSCORE ? at + 3 : -1;
  let next = at + 1;
  let byte = buf[next] as number;
  if (byte === MINUS) return next + 4;
  let size = 0;
  while (byte !== CR) {
    size = size * 10 + (byte - ZERO);
    byte = buf[++next] as number;
  }
  return next + 2 + size + 2;
}

export function isError(buf: Buffer, at: number): boolean {
  return buf[at] === MINUS;
}

export function isInteger(buf: Buffer, at: number): boolean {
  return buf[at] === COLON;
}

export function isArray(buf: Buffer, at: number): boolean {
  return buf[at] === STAR;
}
