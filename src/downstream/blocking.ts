import type { CommandRow } from '../command/row.ts';
import type { ErrorCode } from '../errors.ts';
import { PING } from '../protocol/multibulk.ts';
import { keepView, type RequestView } from '../protocol/request.ts';
import { SWALLOW } from '../upstream/swallow.ts';
import type { Part, PartTaker } from '../upstream/target.ts';
import { FanOut } from './fan-out.ts';
import { nodeOrFail } from './node-or-fail.ts';
import { ownLane, ownLanes } from './own-lane.ts';
import type { Router } from './router.ts';
import type { Session } from './session.ts';
import { SessionTarget } from './session-target.ts';

/** Commands that may wait at the node: they run on a connection of the session's own without a deadline; what follows waits, too. */
export function runBlocking(session: Session, view: RequestView, row: CommandRow, router: Router): void {
  if (!mayBlock(session)) return;
  const node = nodeOrFail(session, router, view, row, () => router.anyNode());
  const lane = node === null ? null : ownLane(session, node);
  if (lane === null) return;
  session.blocked = [lane];
  session.barrier = true;
  const kept = keepView(view);
  session.atHome = () => (router.keyed ? router.nodeOf(kept, row) === lane.index : router.topology.live[lane.index] === 1);
  lane.sendUntimed(view.buf, view.base, view.limit, new Blocked(session), session.open());
}

/** Where the keys belong to another node now, what comes there would not be heard of where the session waits. */
export function endBlocked({ blocked, atHome }: Session): void {
  if (blocked === null || atHome === null || atHome()) return;
  for (const lane of blocked) lane.connection?.destroy('connection_lost', 'nodes have left or joined the pool');
}

/**
 * WAIT, WAITAOF. Any node may have had writes of the session, so all are asked, and the least of their answers counts. A node waits for the
 * writes up to the last command on the same connection; the PING before makes that everything written so far, by whomever.
 */
export function runWait(session: Session, view: RequestView, row: CommandRow, router: Router): void {
  if (!mayBlock(session)) return;
  const lanes = ownLanes(session, router.liveNodes());
  if (lanes === null) return;
  const token = session.open();
  if (lanes.length === 0) {
    session.fail(token, 'no_nodes');
    return;
  }
  session.blocked = lanes;
  session.barrier = true;
  const fanOut = new FanOut(new Blocked(session), token, row.name === 'wait' ? 'min' : 'min_each', false, lanes);
  lanes.forEach((lane, i) => {
    lane.send(PING, 0, PING.length, SWALLOW, 0, false);
    lane.sendUntimed(view.buf, view.base, view.limit, fanOut, i);
  });
}

/**
 * Everything before is answered first: a client that leaves while it is blocked has then been sent all else. One that has ended its side already would
 * not be heard leaving, and what it waits for would be lost with it.
 */
function mayBlock(session: Session): boolean {
  if (session.inFlight > 0) session.park();
  else if (session.halfClosed) session.close();
  return session.inFlight === 0 && !session.halfClosed;
}

/** A request of a session that is blocked until it is answered. */
class Blocked extends SessionTarget implements PartTaker {
  override readonly parts = this;

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.session.unblock();
    return this.session.onReply(token, buf, start, end, given);
  }

  onPart(token: number, part: Part): boolean {
    this.session.unblock();
    return this.session.onPart(token, part);
  }

  onCutOff(token: number): void {
    this.session.onCutOff(token);
  }

  override onFailure(token: number, code: ErrorCode, detail: string): void {
    this.session.unblock();
    super.onFailure(token, code, detail);
  }
}
