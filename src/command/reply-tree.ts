import { arrayReply, bulkReply, integerReply, simpleReply } from '../protocol/encode.ts';
import type { Tree } from './data.ts';

/** Lists under these keys are sets of status replies, not arrays of bulk strings. */
const STATUS_LISTS = new Set(['flags', 'doc_flags']);

/** A tree as RESP2: text as bulk string, a map as a flat array. */
export function treeReply(tree: Tree): Buffer {
  if (typeof tree === 'string') return bulkReply(tree);
  if (typeof tree === 'number') return integerReply(tree);
  if (isList(tree)) return arrayReply(tree.map(treeReply));
  return arrayReply(Object.entries(tree).flatMap(([key, value]) => [bulkReply(key), memberReply(key, value)]));
}

export function statusList(texts: readonly string[]): Buffer {
  return arrayReply(texts.map(simpleReply));
}

function memberReply(key: string, value: Tree): Buffer {
  return isList(value) && STATUS_LISTS.has(key) ? statusList(value as readonly string[]) : treeReply(value);
}

/** `Array.isArray` does not narrow read-only arrays. */
const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);
