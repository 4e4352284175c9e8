import type { HashFn } from './hash.ts';

/**
 * A hash tag, nutcracker's and Redis Cluster's rule: the first open byte, the first close byte after it, and at least one byte
 * between them: only those between are hashed. In every other case the whole key is.
 */
export interface HashTag {
  readonly open: number;
  readonly close: number;
}

/** `open` of a tag that is turned off: no byte equals it. */
export const NO_TAG = -1;

/** `""` (off) or exactly two bytes, which may be equal. */
export function parseTag(text: string): HashTag {
  if (text === '') return { open: NO_TAG, close: NO_TAG };
  const bytes = Buffer.from(text);
  if (bytes.length !== 2) throw new Error(`hash_tag must be empty or exactly two bytes, got ${bytes.length}`);
  return { open: bytes[0] as number, close: bytes[1] as number };
}

/**
 * `hash` of the part of the key that counts; 0 for an empty key, without calling it. Finding the part and hashing it is
 * one function so that two offsets need not be returned.
 */
export function hashKey(hash: HashFn, open: number, close: number, buf: Uint8Array, start: number, end: number): number {
  if (open !== NO_TAG) {
    const from = indexOfByte(buf, open, start, end) + 1;
    if (from !== 0) {
      const to = indexOfByte(buf, close, from, end);
      if (to > from) return hash(buf, from, to);
    }
  }
  return start === end ? 0 : hash(buf, start, end);
}

/** The part `hashKey` hashes, for explanations. */
export function hashedPart(tag: HashTag, key: Uint8Array): Uint8Array {
  let part = key;
  hashKey(
    (_, start, end) => {
      part = key.subarray(start, end);
      return 0;
    },
    tag.open,
    tag.close,
    key,
    0,
    key.length,
  );
  return part;
}

function indexOfByte(buf: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (buf[i] === byte) return i;
  return -1;
}
