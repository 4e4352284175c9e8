import type { ErrorCode } from '../errors.ts';

/**
 * Who waits for the reply of a fragment: a session (token: place in its reply queue), a fan-out (token: index of the
 * fragment) or keyfan itself. For each accepted fragment exactly one of these is called, once: `onReply`, `onFailure`, or
 * after a first `onPart` the `last` one or `onCutOff`.
 */
export interface ReplyTarget {
  /** Whose request it is: what has the same owner keeps its order on the way to a node. */
  readonly owner: object;
  /** Takes large replies before they are whole; null where each is to be collected first. */
  readonly parts: PartTaker | null;
  /**
   * The reply is `buf[start, end)`, to be copied before returning, unless `given`: then views of it may be kept.
   * False where nobody wants it any more.
   */
  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean;
  /** No reply will be delivered. `detail` fills the text of the error: the name of the node, for most. */
  onFailure(token: number, code: ErrorCode, detail: string): void;
}

export interface PartTaker {
  /** The next part of a large reply. False where nobody wants it any more: nothing was taken, and the rest is not offered. */
  onPart(token: number, part: Part): boolean;
  /** The reply of which parts were delivered will not be completed. */
  onCutOff(token: number): void;
}

/** Some bytes of a large frame. Valid during the call; one object serves all parts of a connection. */
export interface Part {
  buf: Buffer;
  start: number;
  end: number;
  /** `buf` is a chunk of the pool that belongs to the taker from now on (see `OutBuffer.appendChunk`); else the bytes are to be copied. */
  chunk: boolean;
  last: boolean;
  /** Bytes of the frame up to `end`. */
  total: number;
  /** Where the rest may be held up until `resume`; null where that would hold up others for little. */
  source: PartSource | null;
}

export interface PartSource {
  /** True where others wait for what comes behind. */
  readonly crowded: boolean;
  /** False where that cannot be: the rest comes as it comes. */
  hold(): boolean;
  resume(): void;
}
