import type { Patience, Waiter } from '../util/patience.ts';
import type { Flushable, Turn } from '../util/turn.ts';
import type { ReplyQueue } from './reply-queue.ts';

/**
 * The replies that leave in one write: those to what came in one read. They come from several nodes, at different times; each write of a few of
 * them would cost as much as one of all.
 *
 *   places   … │ 5 │ OPEN │ 5 │ OPEN │ 5 │ OPEN │
 *                head                ^end
 *
 * One that a node takes long for does not keep back those before it for longer than a moment; see Patience.
 */
export class Batch implements Waiter {
  waitingSince = 0;
  listed = false;
  readonly #replies: ReplyQueue;
  readonly #patience: Patience;
  readonly #turn: Turn;
  readonly #owner: Flushable;
  #end = 0;

  constructor(replies: ReplyQueue, patience: Patience, turn: Turn, owner: Flushable) {
    this.#replies = replies;
    this.#patience = patience;
    this.#turn = turn;
    this.#owner = owner;
  }

  /** True while some of it is owed. */
  get owed(): boolean {
    return ((this.#end - this.#replies.head) | 0) > 0;
  }

  /**
   * Behind a read or a write: where all of it is answered, whatever is owed now is the next one. Not where the replies to the last one are about to be
   * flushed: they would wait again.
   */
  next(): void {
    if (!this.owed && !this.#owner.dirty) this.#end = this.#replies.tail;
  }

  /** What there is waits for the rest. */
  wait(): void {
    this.#patience.wait(this);
  }

  /** What there is leaves with the next flush. */
  end(): void {
    this.waitingSince = 0;
    this.#end = this.#replies.head;
  }

  onPatienceOver(): void {
    this.end();
    this.#turn.mark(this.#owner);
  }
}
