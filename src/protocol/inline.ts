const NAMED_ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

/** C's isspace(). */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

/** What ends an unquoted word: fewer bytes than isspace(), as in Redis. */
function endsWord(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/**
 * Splits the inline request `src[start, end)` into its arguments by the rules of Redis' `sdssplitargs`: words divided by
 * white space, "double quotes" with \n \r \t \b \a \xHH escapes, 'single quotes' with \'. Null where quotes are unbalanced
 * or a closing quote is not followed by white space.
 */
export function splitInline(src: Buffer, start: number, end: number): Buffer[] | null {
  const line = src.subarray(start, end);
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at])) at++;
    if (at >= line.length) return parts;
    const word: number[] = [];
    at = readWord(line, at, word);
    if (at < 0) return null;
    parts.push(Buffer.from(word));
  }
}

/** Reads one argument from `at`, quotes may begin anywhere in it; returns the offset behind it or -1. */
function readWord(line: Buffer, at: number, word: number[]): number {
  while (at < line.length) {
    const byte = line[at] as number;
    if (endsWord(byte)) return at + 1;
    if (byte === QUOTE || byte === APOSTROPHE) {
      // A closing quote also ends the argument: white space or nothing must follow.
      const behind = byte === QUOTE ? readDouble(line, at + 1, word) : readSingle(line, at + 1, word);
      return behind >= 0 && (behind === line.length || isSpace(line[behind])) ? behind : -1;
    }
    word.push(byte);
    at++;
  }
  return at;
}

function readDouble(line: Buffer, at: number, word: number[]): number {
  while (at < line.length) {
    const byte = line[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= line.length) {
      word.push(byte);
      at++;
      continue;
    }
    const escaped = line[at + 1] as number;
    const high = hexValue(line[at + 2]);
    const low = hexValue(line[at + 3]);
    if (escaped === LETTER_X && high >= 0 && low >= 0) {
      word.push(high * 16 + low);
      at += 4;
    } else {
      word.push(NAMED_ESCAPES.get(escaped) ?? escaped);
      at += 2;
    }
  }
  return -1;
}

function readSingle(line: Buffer, at: number, word: number[]): number {
  while (at < line.length) {
    const byte = line[at] as number;
    if (byte === APOSTROPHE) return at + 1;
    const quoted = byte === BACKSLASH && line[at + 1] === APOSTROPHE;
    word.push(quoted ? APOSTROPHE : byte);
    at += quoted ? 2 : 1;
  }
  return -1;
}
