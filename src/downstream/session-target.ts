import type { ErrorCode } from '../errors.ts';
import type { PartTaker, ReplyTarget } from '../upstream/target.ts';
import type { Session } from './session.ts';

/** Stands between a node and a session: looks at a reply before the session has it. Failures pass. */
export abstract class SessionTarget implements ReplyTarget {
  readonly owner: object;
  readonly parts: PartTaker | null = null;
  protected readonly session: Session;

  constructor(session: Session) {
    this.owner = session;
    this.session = session;
  }

  abstract onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean;

  onFailure(token: number, code: ErrorCode, detail: string): void {
    this.session.onFailure(token, code, detail);
  }
}
