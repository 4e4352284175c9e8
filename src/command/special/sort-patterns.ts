import { STAR } from '../../protocol/bytes.ts';
import { argEnd, argStart, type RequestView } from '../../protocol/request.ts';
import { argIs, argLower } from '../argument.ts';
import type { Covers } from './covers.ts';

/** Index of the key that is sorted. */
const KEY = 1;

/**
 * SORT key [BY pattern] [LIMIT offset count] [GET pattern]…: a pattern makes keys out of the elements, and these have to be on the node of
 * the key. Patterns without `*` do no harm (Redis: do not sort; no value), nor does GET # (the element itself).
 */
export function nearSortPatterns(view: RequestView, covers: Covers): string | null {
  for (let i = 2; i < view.argc; i++) {
    if (argIs(view, i, 'limit')) i += 2;
    else if (argIs(view, i, 'store')) i += 1;
    else if ((argIs(view, i, 'by') || argIs(view, i, 'get')) && i + 1 < view.argc) {
      i++;
      if (hasStar(view, i) && !covers(view, KEY, i)) return refusal(view, i - 1);
    }
  }
  return null;
}

function hasStar(view: RequestView, i: number): boolean {
  const at = view.buf.indexOf(STAR, argStart(view, i));
  return at !== -1 && at < argEnd(view, i);
}

function refusal(view: RequestView, option: number): string {
  const what = `'${argLower(view, 0)}' with ${argLower(view, option).toUpperCase()} pattern`;
  return `keyfan: ${what} is not supported: it names keys that may live on other nodes; a hash tag before the * says where they are`;
}
