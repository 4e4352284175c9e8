import { STAR } from '../../protocol/bytes.ts';
import { argEnd, argStart, type RequestView } from '../../protocol/request.ts';
import { argIs } from '../argument.ts';

/** Options of XADD without a value. */
const FLAGS = ['nomkstream', 'keepref', 'delref', 'acked'] as const;
const TRIMS = ['maxlen', 'minid'] as const;
/** Options with values, newer ones, too. */
const VALUES = [
  ['limit', 1],
  ['idmpauto', 1],
  ['idmp', 2],
] as const;

/** By name of the command: true where each node would make up the outcome for itself, so that copies of one key would differ. */
export const CHOOSES: ReadonlyMap<string, (view: RequestView) => boolean> = new Map([
  ['spop', () => true],
  ['xadd', numbersItself],
]);

/** XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] id …: an id that is, or ends in, a star. */
function numbersItself(view: RequestView): boolean {
  let at = 2;
  for (; at < view.argc; at++) {
    if (FLAGS.some((word) => argIs(view, at, word))) continue;
    const option = VALUES.find(([word]) => argIs(view, at, word));
    if (option !== undefined) at += option[1];
    else if (TRIMS.some((word) => argIs(view, at, word))) at += argIs(view, at + 1, '=') || argIs(view, at + 1, '~') ? 2 : 1;
    else break;
  }
  return at < view.argc && argEnd(view, at) > argStart(view, at) && view.buf[argEnd(view, at) - 1] === STAR;
}
