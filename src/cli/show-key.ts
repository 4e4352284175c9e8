/** A key on one line of output: as it is, or in quotes as redis-cli prints and reads it. */

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/** What ends a line or a field for some reader; and a key that begins as a quoted one would be mistaken for it. */
const NEEDS_QUOTES = /^"|[\p{Cc}\p{Zl}\p{Zp}]/u;

export function showKey(key: string): string {
  return NEEDS_QUOTES.test(key) ? `"${Array.from(Buffer.from(key), escapeByte).join('')}"` : key;
}

function escapeByte(byte: number): string {
  const plain = byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  return ESCAPES.get(byte) ?? plain;
}
