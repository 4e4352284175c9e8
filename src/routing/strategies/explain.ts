import { type HashTag, hashedPart, NO_TAG } from '../hash/tag.ts';

/** A key as one printable line: text where it is plain ASCII, other bytes as `\xHH`. */
export function printable(key: Uint8Array): string {
  return Array.from(key, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

/** The first steps of every placement that hashes: which part of the key, and to what. */
export function explainHash(tag: HashTag, hashName: string, key: Uint8Array, hash: number): string[] {
  const part = printable(hashedPart(tag, key));
  return [`hashed part: ${part}${tag.open === NO_TAG ? ' (hash tags are off)' : ''}`, `${hashName}: ${hash}`];
}
