import type { CommandRow } from '../command/row.ts';
import type { RequestView } from '../protocol/request.ts';
import { NO_NODE } from '../routing/topology.ts';
import { CROSS_SLOT, NO_KEYS, type Router } from './router.ts';
import type { Session } from './session.ts';

/** Index of the node that has all keys of the request, `keyless()` where it has no keys; null where there is none, which was answered. */
export function nodeOrFail(session: Session, router: Router, view: RequestView, row: CommandRow, keyless: () => number): number | null {
  const found = router.nodeOf(view, row);
  const node = found === NO_KEYS ? keyless() : found;
  if (node !== NO_NODE && node !== CROSS_SLOT) return node;
  session.fail(session.open(), node === NO_NODE ? 'no_nodes' : 'cross_slot');
  return null;
}
