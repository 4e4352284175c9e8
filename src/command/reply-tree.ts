import type { Protocol } from '../protocol/encode.ts';
import type { Tree } from './data.ts';

/** RESP as text, encoded in one go at the end: joining thousands of small buffers takes several times as long. */

/** Lists under these keys are sets of status replies, not arrays of bulk strings. */
const STATUS_LISTS = new Set(['flags', 'doc_flags']);
/** Lists under these keys are sets. */
const SETS = new Set(['history']);

export function nilText(protocol: Protocol): string {
  return protocol === 3 ? '_\r\n' : '$-1\r\n';
}

/** A tree: text as bulk string, an object as map. */
export function treeText(tree: Tree, protocol: Protocol): string {
  if (typeof tree === 'string') return `$${Buffer.byteLength(tree)}\r\n${tree}\r\n`;
  if (typeof tree === 'number') return `:${tree}\r\n`;
  if (isList(tree)) return listText(tree.map((each) => treeText(each, protocol)));
  const entries = Object.entries(tree).map(([key, value]) => [treeText(key, protocol), memberText(key, value, protocol)] as const);
  return mapText(entries, protocol);
}

export function listText(elements: readonly string[]): string {
  return `*${elements.length}\r\n${elements.join('')}`;
}

export function setText(elements: readonly string[], protocol: Protocol): string {
  return `${protocol === 3 ? '~' : '*'}${elements.length}\r\n${elements.join('')}`;
}

export function mapText(entries: readonly (readonly [key: string, value: string])[], protocol: Protocol): string {
  const header = protocol === 3 ? `%${entries.length}` : `*${entries.length * 2}`;
  return `${header}\r\n${entries.map(([key, value]) => key + value).join('')}`;
}

export function statusListText(texts: readonly string[]): string {
  return listText(texts.map(statusText));
}

export function statusSetText(texts: readonly string[], protocol: Protocol): string {
  return setText(texts.map(statusText), protocol);
}

function statusText(text: string): string {
  return `+${text}\r\n`;
}

function memberText(key: string, value: Tree, protocol: Protocol): string {
  if (!isList(value)) return treeText(value, protocol);
  if (STATUS_LISTS.has(key)) return statusSetText(value as readonly string[], protocol);
  const elements = value.map((each) => treeText(each, protocol));
  return SETS.has(key) ? setText(elements, protocol) : listText(elements);
}

/** `Array.isArray` does not narrow read-only arrays. */
const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);
