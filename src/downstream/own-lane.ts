import type { ReservedLane } from '../upstream/reserved-lane.ts';
import type { Session } from './session.ts';

/**
 * The session's own connection to a node. Null where the request at hand has to wait for it (it was parked: it comes again) or was answered
 * with why there is none. A session changes from the shared lane to its own only when nothing of it is in flight: its requests to one node
 * keep their order.
 */
export function ownLane(session: Session, node: number): ReservedLane | null {
  const { lanes } = session;
  const existing = lanes.own(node);
  if (existing === undefined && session.inFlight > 0) {
    session.park();
    return null;
  }
  const lane = existing ?? lanes.reserve(node);
  if (lane.connection !== null) return lane;
  if (lane.failure === null) {
    session.park();
  } else {
    lanes.forget(node);
    lanes.releaseUnused();
    session.fail(session.open(), lane.failure, lane.node);
  }
  return null;
}

/** One to each of these nodes; null as above. */
export function ownLanes(session: Session, nodes: readonly number[]): ReservedLane[] | null {
  const found: ReservedLane[] = [];
  for (const node of nodes) {
    const lane = ownLane(session, node);
    if (lane === null) return null;
    found.push(lane);
  }
  return found;
}
