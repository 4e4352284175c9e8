import { encodeRequest } from '../../protocol/multibulk.ts';
import type { Session } from '../session.ts';
import { SessionTarget } from '../session-target.ts';

/** Not PING: that would use up a CLIENT CACHING of the session's. */
const QUESTION = encodeRequest(['CLIENT', 'ID']);

/**
 * Answers the request at hand with `answer` behind every invalidation that a node has sent before it was asked: when all that track keys for the session have
 * answered a question on the same connections, or will not. False where none does.
 */
export function answerBehindInvalidations(session: Session, answer: Buffer): boolean {
  const lanes = [...session.lanes.reserved()].filter(({ connection }) => connection !== null);
  if (lanes.length === 0) return false;
  const token = session.open();
  const fence = new Fence(session, token, answer, lanes.length);
  for (const [i, lane] of lanes.entries()) lane.send(QUESTION, 0, QUESTION.length, fence, i, false);
  return true;
}

class Fence extends SessionTarget {
  readonly #token: number;
  readonly #answer: Buffer;
  #missing: number;

  constructor(session: Session, token: number, answer: Buffer, missing: number) {
    super(session);
    this.#token = token;
    this.#answer = answer;
    this.#missing = missing;
  }

  onReply(): boolean {
    return --this.#missing > 0 || this.session.onReply(this.#token, this.#answer, 0, this.#answer.length, false);
  }

  override onFailure(): void {
    this.onReply();
  }
}
