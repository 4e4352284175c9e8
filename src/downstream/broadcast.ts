import type { Broadcast } from '../command/fleet.ts';
import type { RequestView } from '../protocol/request.ts';
import type { Topology } from '../routing/topology.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import type { ReplyTarget } from '../upstream/target.ts';
import { FanOut } from './fan-out.ts';
import { wayFor } from './large.ts';
import type { Session } from './session.ts';

/** The session's lanes to the nodes in service; null where there is none, and the request was answered with that. */
export function liveLanes(session: Session, { live }: Topology): readonly Lane[] | null {
  const lanes = session.lanes.at.filter((_, node) => live[node] === 1);
  if (lanes.length > 0) return lanes;
  session.fail(session.open(), 'no_nodes');
  return null;
}

/** Sends the request as it came on all of `lanes`, or parks it until that can be; `parent` gets what is made of the replies. */
export function broadcast(
  session: Session,
  view: RequestView,
  lanes: readonly Lane[],
  how: Broadcast,
  parent: ReplyTarget = session,
): void {
  const way = wayFor(session, view);
  if (way === null) return;
  const fanOut = new FanOut(parent, session.open(true), how.merge, how.write, lanes);
  const given = session.give(view);
  for (const [i, lane] of lanes.entries()) lane[way](view.buf, view.base, view.limit, fanOut, i, given);
}
