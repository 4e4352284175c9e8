import { argInt64 } from '../../command/argument.ts';
import type { ErrorCode } from '../../errors.ts';
import { errorReply, OK } from '../../protocol/encode.ts';
import { PING } from '../../protocol/multibulk.ts';
import type { Identity } from '../../upstream/identity.ts';
import type { SharedLane } from '../../upstream/lane.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import type { Session } from '../session.ts';
import { LATER, type LocalCommand, parked, refused, TOO_MANY_DATABASES } from './answer.ts';

/** Bounds of a C int: Redis reads a database index as one. */
const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

/** A node's refusal of a database in its own words; null where it is about something else than SELECT. */
function quoted(refusal: string): Buffer | null {
  const said = /^SELECT: (.*)/s.exec(refusal)?.[1];
  return said === undefined ? null : errorReply(said.replace(/[\r\n]+/g, ' '));
}

/**
 * Moves the session to the connections of another database, once a node has answered on one of them: only the node knows how many databases
 * there are, and it refuses keyfan's SELECT of any other.
 */
class Move implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly #session: Session;
  readonly #back: Identity;
  readonly #letGo: () => void;
  readonly #lane: SharedLane;
  readonly #token: number;

  /** `letGo` lets go of the connections with `back`. */
  constructor(session: Session, back: Identity, letGo: () => void, lane: SharedLane) {
    this.#session = session;
    this.#back = back;
    this.#letGo = letGo;
    this.#lane = lane;
    this.#token = session.open();
    session.barrier = true;
  }

  onReply(_token: number, buf: Buffer, start: number, end: number): boolean {
    // A node that is loading, or busy, has the database all the same.
    const pong = buf.toString('latin1', start, end);
    if (pong.startsWith('+') || !/^-(NOAUTH|NOPERM)/.test(pong)) {
      this.#letGo();
      return this.#session.onReply(this.#token, OK, 0, OK.length, false);
    }
    this.#goBack();
    return this.#session.onReply(this.#token, buf, start, end, false);
  }

  onFailure(_token: number, code: ErrorCode, node: string): void {
    this.#goBack();
    const bytes = quoted(this.#lane.refusal);
    if (bytes === null) this.#session.onFailure(this.#token, code, node);
    else this.#session.onReply(this.#token, bytes, 0, bytes.length, false);
  }

  #goBack(): void {
    this.#session.lanes.enter(this.#back);
    this.#letGo();
  }
}

export const select: LocalCommand = (session, view, _row, context) => {
  const database = argInt64(view, 1);
  if (Number.isNaN(database)) return refused('value is not an integer or out of range');
  if (database < INT_MIN || database > INT_MAX) return refused(`value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);
  if (database < 0) return refused('DB index is out of range');
  const back = session.lanes.identity;
  if (database === back.database) return OK;
  if (session.bound !== null) return refused(`keyfan: 'select' is not supported ${session.bound}`);
  if (session.inFlight > 0) return parked(session);
  const node = context.anyNode();
  const known = quoted(session.lanes.shared[node]?.refusalOf(database) ?? '');
  if (known !== null) return known;
  const letGo = session.lanes.keep();
  if (!session.lanes.enter({ ...back, database })) {
    letGo();
    return TOO_MANY_DATABASES;
  }
  const lane = session.lanes.shared[node] as SharedLane | undefined;
  if (lane === undefined) {
    session.lanes.enter(back);
    letGo();
    return { code: 'no_nodes' };
  }
  const move = new Move(session, back, letGo, lane);
  lane.send(PING, 0, PING.length, move, 0, false);
  return LATER;
};
