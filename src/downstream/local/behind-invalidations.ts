import { CLIENT_ID } from '../../protocol/multibulk.ts';
import { FanOut } from '../fan-out.ts';
import type { Session } from '../session.ts';
import { SessionTarget } from '../session-target.ts';

/**
 * Answers the request at hand with `answer` behind every invalidation that a node has sent before it was asked: when all that track keys for the session have
 * answered a question on the same connections, or will not. False where none does.
 */
export function answerBehindInvalidations(session: Session, answer: Buffer): boolean {
  const lanes = [...session.lanes.reserved()].filter(({ connection }) => connection !== null);
  if (lanes.length === 0) return false;
  const fanOut = new FanOut(new Instead(session, answer), session.open(), 'max', false, lanes);
  for (const [i, lane] of lanes.entries()) lane.send(CLIENT_ID, 0, CLIENT_ID.length, fanOut, i, false);
  return true;
}

/** Gives the session `answer`, whatever the nodes say. */
class Instead extends SessionTarget {
  readonly #answer: Buffer;

  constructor(session: Session, answer: Buffer) {
    super(session);
    this.#answer = answer;
  }

  onReply(token: number): boolean {
    return this.session.onReply(token, this.#answer, 0, this.#answer.length, false);
  }

  override onFailure(token: number): void {
    this.onReply(token);
  }
}
