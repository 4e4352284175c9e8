import type { RequestView } from '../../protocol/request.ts';
import { argIs, argLower } from '../argument.ts';

/** Options of XREAD and XREADGROUP with values, which are never options themselves: a group may be called `block`. */
const VALUES = [
  ['group', 2],
  ['count', 1],
  ['claim', 1],
] as const;

/** XREAD [COUNT n] [BLOCK ms] STREAMS …: refuses BLOCK, which would hold up the shared connection. */
export function noBlockOption(view: RequestView): string | null {
  for (let i = 1; i < view.argc && !argIs(view, i, 'streams'); i++) {
    if (argIs(view, i, 'block')) {
      return `keyfan: '${argLower(view, 0)}' with BLOCK is not supported: it would hold up the shared connection; ask again instead`;
    }
    for (const [word, values] of VALUES) {
      if (!argIs(view, i, word)) continue;
      i += values;
      break;
    }
  }
  return null;
}
