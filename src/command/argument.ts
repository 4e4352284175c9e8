import { parseInt64 } from '../protocol/header.ts';
import { argEnd, argStart, type RequestView } from '../protocol/request.ts';

/** Longest count that is read: more digits are out of every range that a request can fill. */
const COUNT_DIGITS_MAX = 9;

const UPPER_A = 0x41;
const CASE_BIT = 0x20;

/** True where argument `i` is `word` (in lower case), whatever the case of its letters. */
export function argIs(view: RequestView, i: number, word: string): boolean {
  const { buf } = view;
  const start = argStart(view, i);
  if (argEnd(view, i) - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) {
    if (lower(buf[start + at] as number) !== word.charCodeAt(at)) return false;
  }
  return true;
}

/** Argument `i` as a count in Redis' strict form (digits, no sign, no leading zero), else -1. */
export function argCount(view: RequestView, i: number): number {
  const { buf } = view;
  const start = argStart(view, i);
  const end = argEnd(view, i);
  if (end === start || end - start > COUNT_DIGITS_MAX) return -1;
  let count = 0;
  for (let at = start; at < end; at++) {
    const digit = (buf[at] as number) - 0x30;
    if (digit < 0 || digit > 9 || (digit === 0 && at === start && end - start > 1)) return -1;
    count = count * 10 + digit;
  }
  return count;
}

/** Argument `i` as an integer of 64 bits in Redis' strict form (no plus, space, leading zero or `-0`), else NaN. */
export function argInt64(view: RequestView, i: number): number {
  return parseInt64(view.buf, argStart(view, i), argEnd(view, i));
}

/** Argument `i` decoded byte for byte, letters in lower case. */
export function argLower(view: RequestView, i: number): string {
  return asciiLower(view.buf.toString('latin1', argStart(view, i), argEnd(view, i)));
}

/** One byte with A–Z made a–z; other bytes as they are. */
export function lower(byte: number): number {
  return (byte - UPPER_A) >>> 0 < 26 ? byte | CASE_BIT : byte;
}

/** Lower case for ASCII letters only: `toLowerCase` would also change bytes above 127. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Upper case for ASCII letters only. */
export function asciiUpper(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
