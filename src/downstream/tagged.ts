import { STAR } from '../protocol/bytes.ts';
import { type HashTag, NO_TAG, parseTag } from '../routing/hash/tag.ts';
import { modulo } from '../routing/strategies/modulo.ts';
import { ring } from '../routing/strategies/ring.ts';
import { slots } from '../routing/strategies/slots.ts';
import type { TopologySource } from '../routing/topology.ts';

/** The hash tag of a pool; null where its strategy has none, or is not keyfan's own. */
export function hashTagOf({ strategy, options }: TopologySource): HashTag | null {
  if (strategy === slots) return parseTag('{}');
  return strategy === ring || strategy === modulo ? parseTag((options as { readonly hash_tag: string }).hash_tag) : null;
}

/** True where all keys made from a pattern, whatever replaces its `*`, have the same hash tag. */
export function isTagged(tag: HashTag | null, pattern: Buffer): boolean {
  if (tag === null || tag.open === NO_TAG) return false;
  const open = pattern.indexOf(tag.open);
  const close = open < 0 ? -1 : pattern.indexOf(tag.close, open + 1);
  return close > open + 1 && pattern.indexOf(STAR) > close;
}
