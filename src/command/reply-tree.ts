import type { Tree } from './data.ts';

/** RESP2 as text, encoded in one go at the end: joining thousands of small buffers takes several times as long. */

/** Lists under these keys are sets of status replies, not arrays of bulk strings. */
const STATUS_LISTS = new Set(['flags', 'doc_flags']);

export const NIL = '$-1\r\n';

/** A tree in RESP2: text as bulk string, a map as a flat array. */
export function treeText(tree: Tree): string {
  if (typeof tree === 'string') return `$${Buffer.byteLength(tree)}\r\n${tree}\r\n`;
  if (typeof tree === 'number') return `:${tree}\r\n`;
  if (isList(tree)) return listText(tree.map(treeText));
  return listText(Object.entries(tree).flatMap(([key, value]) => [treeText(key), memberText(key, value)]));
}

export function listText(elements: readonly string[]): string {
  return `*${elements.length}\r\n${elements.join('')}`;
}

export function statusListText(texts: readonly string[]): string {
  return listText(texts.map((text) => `+${text}\r\n`));
}

function memberText(key: string, value: Tree): string {
  return isList(value) && STATUS_LISTS.has(key) ? statusListText(value as readonly string[]) : treeText(value);
}

/** `Array.isArray` does not narrow read-only arrays. */
const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);
