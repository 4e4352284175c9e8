import { BAR, COLON, CR, DOLLAR, EQUALS, LF, MINUS, PERCENT, PLUS, STAR, UNDERSCORE, ZERO } from './bytes.ts';
import { parseInt64 } from './header.ts';

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

const BULKS = new Set(Array.from('$!=', (type) => type.charCodeAt(0)));
/** By type byte: elements for each that an aggregate counts. */
const AGGREGATES: ReadonlyMap<number, number> = new Map(
  (
    [
      ['*', 1],
      ['~', 1],
      ['>', 1],
      ['%', 2],
      ['|', 2],
    ] as const
  ).map(([type, each]) => [type.charCodeAt(0), each]),
);

/** Offset behind the element of any type at `at`. */
function elementEnd(buf: Buffer, at: number): number {
  let next = at;
  for (let pending = 1; pending > 0; pending--) {
    const type = buf[next] as number;
    const each = AGGREGATES.get(type);
    const length = each !== undefined || BULKS.has(type) ? Math.max(-1, headerNumber(buf, next)) : -1;
    next = lineEnd(buf, next);
    if (each !== undefined) pending += Math.max(0, length) * each + (type === BAR ? 1 : 0);
    else if (length >= 0) next += length + 2;
  }
  return next;
}

/** The elements of an aggregate, a map's keys and values in turn; null where it is none. */
export function elementsOf(buf: Buffer): Buffer[] | null {
  const each = AGGREGATES.get(buf[0] as number);
  if (each === undefined) return null;
  const elements: Buffer[] = [];
  let at = lineEnd(buf, 0);
  for (let left = headerNumber(buf, 0) * each; left > 0; left--) {
    const end = elementEnd(buf, at);
    elements.push(buf.subarray(at, end));
    at = end;
  }
  return elements;
}

/** What a bulk string holds, or a line. */
export function payloadOf(element: Buffer): Buffer {
  const line = lineEnd(element, 0);
  return BULKS.has(element[0] as number) ? element.subarray(line, element.length - 2) : element.subarray(1, line - 2);
}

export function isError(buf: Buffer, at: number): boolean {
  return buf[at] === MINUS;
}

export function isStatus(buf: Buffer, at: number): boolean {
  return buf[at] === PLUS;
}

export function isInteger(buf: Buffer, at: number): boolean {
  return buf[at] === COLON;
}

export function isArray(buf: Buffer, at: number): boolean {
  return buf[at] === STAR;
}

/** A map of RESP3. */
export function isMap(buf: Buffer, at: number): boolean {
  return buf[at] === PERCENT;
}

/** A text for people, of RESP3. */
export function isVerbatim(buf: Buffer, at: number): boolean {
  return buf[at] === EQUALS;
}

/** Null of either version, a bulk string or an array: of those only null has a negative length. */
export function isNull(buf: Buffer, at: number): boolean {
  const type = buf[at];
  return type === UNDERSCORE || ((type === DOLLAR || type === STAR) && buf[at + 1] === MINUS);
}
