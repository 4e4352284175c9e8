/** The bytes of a configuration file → text. What is no UTF-8 is not guessed at: a password would become another one. */
import { isUtf8 } from 'node:buffer';
import { ConfigError } from './problem.ts';

/** What an editor puts before UTF-8, and what decoders put where they cannot read. */
const BYTE_ORDER_MARK = '\ufeff';
const UNREADABLE = '\ufffd';

export function decode(bytes: Buffer, file: string): string {
  const text = bytes.toString('utf8');
  // UTF-16 without a mark is UTF-8 with zeros, which YAML has no use for.
  if (isUtf8(bytes) && !text.includes('\0')) return text;
  const { offset, before } = firstUnreadable(text, bytes);
  const lines = before.replace(BYTE_ORDER_MARK, '').split('\n');
  const message = `byte ${offset} is not UTF-8: save the file in that encoding`;
  throw new ConfigError([{ file, line: lines.length, column: (lines.at(-1) as string).length + 1, path: '', message }]);
}

/** Where that byte is, and the text before it. */
function firstUnreadable(text: string, bytes: Buffer): { offset: number; before: string } {
  let offset = 0;
  let before = '';
  for (const char of text) {
    const size = Buffer.byteLength(char);
    // The character may also have been written.
    if (char === '\0' || (char === UNREADABLE && bytes.toString('latin1', offset, offset + size) !== '\u00ef\u00bf\u00bd')) break;
    offset += size;
    before += char;
  }
  return { offset, before };
}
