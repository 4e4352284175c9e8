import { hashKey } from './hash';
import { AHEAD_ARGS, AHEAD_SIZE, RESULT } from './layout';
import { NOWHERE, routeOf } from './route';

const DOLLAR: u32 = 0x24;
const ZERO: u32 = 0x30;
const UNDERSCORE: u32 = 0x5f;
const STAR: u32 = 0x2a;
const CRLF: u32 = 0x0a0d;
/** `-1\r\n` */
const MINUS_ONE: u32 = 0x0a0d312d;
/** Lengths of more digits are left to the careful path. */
const LENGTH_MAX: u32 = 99_999_999;

/** Set by `header`: the length it has read, `NONE` for a null bulk. */
let length: u32 = 0;
const NONE: u32 = 0xffffffff;

/** Reads the `type` byte and `length\r\n` at `at`; returns the offset behind it, 0 where it is anything but plain and whole. */
function header(at: u32, to: u32, type: u32): u32 {
  if (at + 8 > to) return headerSlow(at, to, type);
  const bytes = load<u64>(at);
  const first = (<u32>(bytes >> 8) & 0xff) - ZERO;
  // One digit: `$7\r\n`.
  if ((<u32>bytes & 0xffff00ff) === ((CRLF << 16) | type) && first <= 9) {
    length = first;
    return at + 4;
  }
  // Two digits: `$42\r\n`.
  const second = (<u32>(bytes >> 16) & 0xff) - ZERO;
  if ((bytes & 0xffff0000ff) === (((<u64>CRLF) << 24) | type) && first - 1 <= 8 && second <= 9) {
    length = first * 10 + second;
    return at + 5;
  }
  return headerSlow(at, to, type);
}

/** As `header`, at any length. */
function headerSlow(at: u32, to: u32, type: u32): u32 {
  if (at + 4 > to || load<u8>(at) !== type) return 0;
  let digit = <u32>load<u8>(at + 1) - ZERO;
  if (digit > 9) {
    if (at + 5 > to || load<u32>(at + 1) !== MINUS_ONE) return 0;
    length = NONE;
    return at + 5;
  }
  let value = digit;
  let next = at + 2;
  // A leading zero is no length, except alone.
  while (value !== 0 && next < to && value <= LENGTH_MAX) {
    digit = <u32>load<u8>(next) - ZERO;
    if (digit > 9) break;
    value = value * 10 + digit;
    next++;
  }
  if (next + 2 > to || load<u16>(next) !== CRLF) return 0;
  length = value;
  return next + 2;
}

/**
 * Arguments of a request, `$length\r\n…\r\n` each, in `[at, to)`: writes start and end of each payload, relative to `base`, to `out`.
 * Stops behind `count` arguments, or before the first that is not whole, not plain or longer than `max`. Returns the offset behind
 * what was read; RESULT is the number of arguments.
 */
export function scanArgs(base: u32, at: u32, to: u32, count: u32, max: u32, out: u32): u32 {
  let done: u32 = 0;
  for (; done < count; done++) {
    const start = header(at, to, DOLLAR);
    if (start === 0 || length > max) break;
    const end = start + length;
    if (end + 2 > to || load<u16>(end) !== CRLF) break;
    store<u32>(out, start - base);
    store<u32>(out + 4, end - base);
    out += 8;
    at = end + 2;
  }
  store<u32>(RESULT, done);
  return at;
}

/** Bulks of a reply, nulls too, in `[at, to)`: stops as `scanArgs`, returns the same. */
export function scanBulks(at: u32, to: u32, count: u32): u32 {
  let done: u32 = 0;
  for (; done < count; done++) {
    const next = bulkEnd(at, to);
    if (next === 0) break;
    at = next;
  }
  store<u32>(RESULT, done);
  return at;
}

/**
 * Of the last bulk, where it was of the size of the one before: its header, in a word with nothing behind it, and which bits that are; no word is like it where there was none. Most
 * bulks are as long as the one before: the same first bytes tell of another one without a digit read, and where the next begins does not wait for what is loaded.
 */
let lastHeader: u64 = 1;
let lastMask: u64 = 0;
let lastSize: u32 = 0;

/** Offset behind the bulk (or null of either version) at `at`, 0 where none is there, plain and whole. */
export function bulkEnd(at: u32, to: u32): u32 {
  const like = at + lastSize;
  if (at + 8 <= to && (load<u64>(at) & lastMask) === lastHeader && like <= to && load<u16>(like - 2) === CRLF) return like;
  const end = anyBulkEnd(at, to);
  if (end === 0) return 0;
  const head = length === NONE ? end - at : end - at - length - 2;
  lastMask = end - at === lastSize && at + 8 <= to && head <= 8 ? <u64>-1 >> ((8 - head) << 3) : 0;
  lastHeader = lastMask === 0 ? 1 : load<u64>(at) & lastMask;
  lastSize = end - at;
  return end;
}

function anyBulkEnd(at: u32, to: u32): u32 {
  if (at + 3 <= to && load<u8>(at) === UNDERSCORE) {
    length = NONE;
    return load<u16>(at + 1) === CRLF ? at + 3 : 0;
  }
  const start = header(at, to, DOLLAR);
  if (start === 0 || length === NONE) return start;
  if (length > to - start) return 0;
  const end = start + length;
  return end + 2 > to || load<u16>(end) !== CRLF ? 0 : end + 2;
}

/** Offset behind the header of the array at `at`, 0 where none is there that is plain. */
export function arrayStart(at: u32, to: u32): u32 {
  const start = header(at, to, STAR);
  return length === NONE ? 0 : start;
}

/**
 * Requests of up to AHEAD_ARGS arguments in a row in `[at, to)`, plain and whole, no argument longer than `max`. Writes a record of
 * AHEAD_SIZE bytes for each to `out`: the offset behind it, its number of arguments, the hash of argument 1 (where `which` is not negative;
 * see `hashKey`), its route (where `table` is not 0; see `routeOf`), and start and end of each argument relative to its own start. Returns
 * how many there are, `most` at the most.
 */
export function scanRequests(at: u32, to: u32, most: u32, max: u32, out: u32, which: i32, open: i32, close: u32, table: u32): u32 {
  for (let done: u32 = 0; done < most; done++) {
    if (at + 4 > to || load<u8>(at) !== STAR || load<u16>(at + 2) !== CRLF) return done;
    const argc = <u32>load<u8>(at + 1) - ZERO;
    if (argc - 1 >= AHEAD_ARGS) return done;
    const bounds = out + 16;
    const end = scanArgs(at, at + 4, to, argc, max, bounds);
    if (load<u32>(RESULT) !== argc) return done;
    store<u32>(out, end);
    store<u32>(out + 4, argc);
    let route = NOWHERE;
    if (which >= 0 && argc > 1) {
      const hash = hashKey(which, open, close, at + load<u32>(bounds + 8), at + load<u32>(bounds + 12));
      store<u32>(out + 8, hash);
      if (table !== 0) route = routeOf(table, at + load<u32>(bounds), at + load<u32>(bounds + 4), argc, hash);
    }
    store<u32>(out + 12, route);
    out += AHEAD_SIZE;
    at = end;
  }
  return most;
}
