import { argEnd, argStart, type RequestView } from '../../protocol/request.ts';
import { argIs, argLower } from '../argument.ts';

const STAR = 0x2a;

/**
 * SORT key [BY pattern] [LIMIT offset count] [GET pattern]…: a pattern makes keys out of the elements, which may live on other
 * nodes. Harmless are BY without `*` (Redis: do not sort) and GET # (the element itself).
 */
export function noSortPatterns(view: RequestView): string | null {
  for (let i = 2; i < view.argc; i++) {
    if (argIs(view, i, 'limit')) i += 2;
    else if (argIs(view, i, 'store')) i += 1;
    else if (argIs(view, i, 'by') && i + 1 < view.argc) {
      i++;
      if (hasStar(view, i)) return refusal(view, 'BY pattern');
    } else if (argIs(view, i, 'get') && i + 1 < view.argc) {
      i++;
      if (!argIs(view, i, '#')) return refusal(view, 'GET pattern');
    }
  }
  return null;
}

function hasStar(view: RequestView, i: number): boolean {
  const at = view.buf.indexOf(STAR, argStart(view, i));
  return at !== -1 && at < argEnd(view, i);
}

function refusal(view: RequestView, option: string): string {
  return `keyfan: '${argLower(view, 0)}' with ${option} is not supported: it names keys that may live on other nodes`;
}
