import { CR, LF, MINUS, NINE, ZERO } from './bytes.ts';

/** Not a number in Redis' sense. */
const INVALID = Number.NaN;

const INT64_MAX = '9223372036854775807';
const INT64_MIN = '9223372036854775808';
const DIGITS_MAX = 20;

/**
 * The integer in `buf[start, end)` by the rules of Redis' `string2ll`: no plus, no space, no leading zero, no `-0`, at most
 * 20 characters, within 64 bits; else NaN. Values beyond 2^53 lose their last digits, which no limit depends on.
 */
export function parseInt64(buf: Buffer, start: number, end: number): number {
  const size = end - start;
  if (size === 0 || size > DIGITS_MAX) return INVALID;
  if (size === 1 && buf[start] === ZERO) return 0;
  const negative = buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (first === end || buf[first] === ZERO) return INVALID;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = buf[at] as number;
    if (byte < ZERO || byte > NINE) return INVALID;
    value = value * 10 + (byte - ZERO);
  }
  if (end - first >= INT64_MAX.length && overflows(buf.toString('latin1', first, end), negative)) return INVALID;
  return negative ? -value : value;
}

function overflows(digits: string, negative: boolean): boolean {
  if (digits.length > INT64_MAX.length) return true;
  return digits > (negative ? INT64_MIN : INT64_MAX);
}

/** Result of `quickLength` where the header needs the careful path. */
export const CAREFUL = -1;

/**
 * The length behind a type byte, for the common case: up to nine digits, CRLF, all of it there. The header then ends
 * at `at + digitsOf(value) + 2`. Everything else is left to the careful path.
 */
export function quickLength(buf: Buffer, at: number, to: number): number {
  let byte = at < to ? (buf[at] as number) : 0;
  if (byte < ZERO || byte > NINE) return CAREFUL;
  let value = byte - ZERO;
  let next = at + 1;
  const last = at + 9 < to ? at + 9 : to;
  while (next < last) {
    byte = buf[next] as number;
    if (byte < ZERO || byte > NINE) break;
    if (value === 0) return CAREFUL;
    value = value * 10 + (byte - ZERO);
    next++;
  }
  return next + 1 < to && buf[next] === CR && buf[next + 1] === LF ? value : CAREFUL;
}

/** Number of decimal digits of a length below 10^9. */
export function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10000) return 4;
  if (value < 100000) return 5;
  if (value < 1000000) return 6;
  if (value < 10000000) return 7;
  return value < 100000000 ? 8 : 9;
}
