import type { CommandRow } from '../command/row.ts';
import type { ErrorCode } from '../errors.ts';
import type { RequestView } from '../protocol/request.ts';
import { NO_NODE } from '../routing/topology.ts';
import type { Part, PartTaker, ReplyTarget } from '../upstream/target.ts';
import { ownLane } from './own-lane.ts';
import { CROSS_SLOT, NO_KEYS, type Router } from './router.ts';
import type { Session } from './session.ts';

/** Commands that may wait at the node: on a connection of the session's own, without a deadline of keyfan's; what follows waits too. */
export function runBlocking(session: Session, view: RequestView, row: CommandRow, router: Router): void {
  const found = router.nodeOf(view, row);
  const node = found === NO_KEYS ? router.anyNode() : found;
  if (node === CROSS_SLOT) {
    session.fail(session.open(), 'cross_slot');
    return;
  }
  if (node === NO_NODE) {
    session.fail(session.open(), 'no_nodes');
    return;
  }
  const lane = ownLane(session, node);
  if (lane === null) return;
  session.blocked = lane;
  session.barrier = true;
  lane.sendUntimed(view.buf, view.base, view.limit, new Blocked(session), session.open());
}

/** A request of a session that is blocked until it is answered. */
class Blocked implements ReplyTarget, PartTaker {
  readonly owner: object;
  readonly parts = this;
  readonly #session: Session;

  constructor(session: Session) {
    this.owner = session;
    this.#session = session;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.#session.blocked = null;
    return this.#session.onReply(token, buf, start, end, given);
  }

  onPart(token: number, part: Part): boolean {
    this.#session.blocked = null;
    return this.#session.onPart(token, part);
  }

  onCutOff(token: number): void {
    this.#session.onCutOff(token);
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    this.#session.blocked = null;
    this.#session.onFailure(token, code, detail);
  }
}
