import type { ErrorCode } from '../errors.ts';

/**
 * Who waits for the reply of a fragment: a session (token: place in its reply queue), a fan-out (token: index of the
 * fragment) or keyfan itself. For each accepted fragment exactly one of the two methods is called, once.
 */
export interface ReplyTarget {
  /**
   * The reply is `buf[start, end)`, to be copied before returning, unless `given`: then views of it may be kept.
   * False where nobody wants it any more.
   */
  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean;
  /** No reply will be delivered. `detail` fills the text of the error: the name of the node, for most. */
  onFailure(token: number, code: ErrorCode, detail: string): void;
}
