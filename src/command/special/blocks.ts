import type { RequestView } from '../../protocol/request.ts';
import { argIs } from '../argument.ts';
import type { BlocksName } from '../row.ts';

/** Options of XREAD and XREADGROUP with values, which are never options themselves: a group may be called `block`. */
const VALUES = [
  ['group', 2],
  ['count', 1],
  ['claim', 1],
] as const;

/** True where the arguments make the command wait at the node. */
export type Blocks = (view: RequestView) => boolean;

export const BLOCKS: Readonly<Record<BlocksName, Blocks>> = { block_option: hasBlockOption };

/** XREAD [COUNT n] [BLOCK ms] STREAMS … */
function hasBlockOption(view: RequestView): boolean {
  for (let i = 1; i < view.argc && !argIs(view, i, 'streams'); i++) {
    if (argIs(view, i, 'block')) return true;
    for (const [word, values] of VALUES) {
      if (!argIs(view, i, word)) continue;
      i += values;
      break;
    }
  }
  return false;
}
