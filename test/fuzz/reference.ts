/**
 * How Redis 7.0 reads requests, written down once more over strings of bytes (latin1), to be plainly right and to share
 * nothing with keyfan's scanner. That it is right is shown by test/integration/malformed-requests.test.ts.
 */
export interface Reading {
  /** Arguments of each request that is not empty. */
  readonly commands: readonly (readonly string[])[];
  /** Text behind `Protocol error: ` where reading ended with one. */
  readonly error: string | null;
}

export interface ReferenceLimits {
  readonly authenticated: boolean;
  readonly bulkMax: number;
}

export const DEFAULT_LIMITS: ReferenceLimits = { authenticated: true, bulkMax: 512 * 1024 * 1024 };

const LINE_MAX = 64 * 1024;

class ProtocolError extends Error {}

interface Step {
  readonly words: readonly string[];
  readonly next: number;
}

/** Everything that can be said about these bytes, more of which may still come. */
export function readRequests(text: string, limits: ReferenceLimits = DEFAULT_LIMITS): Reading {
  const commands: (readonly string[])[] = [];
  try {
    for (let at = 0; at < text.length; ) {
      const step = text[at] === '*' ? readMultibulk(text, at, limits) : readInline(text, at);
      if (step === null) break;
      if (step.words.length > 0) commands.push(step.words);
      at = step.next;
    }
  } catch (error) {
    if (error instanceof ProtocolError) return { commands, error: error.message };
    throw error;
  }
  return { commands, error: null };
}

/** As C's strchr() in a buffer: nothing is found behind a NUL. */
function find(text: string, at: number, wanted: string): number {
  const end = text.indexOf(wanted, at);
  const nul = text.indexOf('\0', at);
  return end < 0 || (nul >= 0 && nul < end) ? -1 : end;
}

/** The integer behind a type byte, null where it is none. */
function integer(digits: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(digits)) return null;
  const value = BigInt(digits);
  return BigInt.asIntN(64, value) === value ? value : null;
}

/** A header line at `at`: its number's digits and the offset behind it; null where more bytes are needed. */
function readHeader(text: string, at: number, tooBig: string): { digits: string; next: number } | null {
  const end = find(text, at, '\r');
  if ((end < 0 ? text.length : end) - at > LINE_MAX) throw new ProtocolError(tooBig);
  return end < 0 || end + 2 > text.length ? null : { digits: text.slice(at + 1, end), next: end + 2 };
}

function readMultibulk(text: string, from: number, limits: ReferenceLimits): Step | null {
  const header = readHeader(text, from, 'too big mbulk count string');
  if (header === null) return null;
  const count = integer(header.digits);
  if (count === null || count > 2147483647n) throw new ProtocolError('invalid multibulk length');
  if (count > 10n && !limits.authenticated) throw new ProtocolError('unauthenticated multibulk length');
  const words: string[] = [];
  let at = header.next;
  while (BigInt(words.length) < count) {
    const bulk = readHeader(text, at, 'too big bulk count string');
    if (bulk === null) return null;
    if (text[at] !== '$') throw new ProtocolError(`expected '$', got '${text[at]}'`);
    const length = integer(bulk.digits);
    if (length === null || length < 0n || length > BigInt(limits.bulkMax)) throw new ProtocolError('invalid bulk length');
    if (length > 16384n && !limits.authenticated) throw new ProtocolError('unauthenticated bulk length');
    const end = bulk.next + Number(length);
    if (end + 2 > text.length) return null;
    words.push(text.slice(bulk.next, end));
    at = end + 2;
  }
  return { words, next: at };
}

function readInline(text: string, from: number): Step | null {
  const newline = find(text, from, '\n');
  if ((newline < 0 ? text.length : newline) - from > LINE_MAX) throw new ProtocolError('too big inline request');
  if (newline < 0) return null;
  const words = inlineWords(text.slice(from, newline).replace(/\r$/, ''));
  if (words === null) throw new ProtocolError('unbalanced quotes in request');
  return { words, next: newline + 1 };
}

const BLANKS = /[ \t\n\v\f\r]*/y;
const BARE = /[^ \t\n\r"']*/y;
const DOUBLE_QUOTED = /"((?:\\[^]|[^"\\])*)"(?=[ \t\n\v\f\r]|$)/y;
const SINGLE_QUOTED = /'((?:\\'|[^'\\]|\\(?!'))*)'(?=[ \t\n\v\f\r]|$)/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['a', '\x07'],
]);

/** The arguments of an inline request without its line end, null where its quotes are unbalanced. */
export function inlineWords(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(BLANKS);
    if (at === line.length) return words;
    let word = (match(BARE) as RegExpExecArray)[0];
    if (line[at] === '"') {
      const quoted = match(DOUBLE_QUOTED);
      if (quoted === null) return null;
      word += unescape(quoted[1] as string);
    } else if (line[at] === "'") {
      const quoted = match(SINGLE_QUOTED);
      if (quoted === null) return null;
      word += (quoted[1] as string).replaceAll("\\'", "'");
    }
    words.push(word);
  }
}

function unescape(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (_, hex: string | undefined, char: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ESCAPES.get(char as string) ?? (char as string);
  });
}
