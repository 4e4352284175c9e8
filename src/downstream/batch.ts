import type { Patience, Waiter } from '../util/patience.ts';
import type { Flushable, Turn } from '../util/turn.ts';
import type { ReplyQueue } from './reply-queue.ts';

/**
 * The replies that leave in one write: those to the requests of one read. They come from several nodes at different times, and a write of a
 * few costs as much as one of all.
 *
 *   places   … │ 5 │ OPEN │ 5 │ OPEN │ 5 │ OPEN │
 *                head                ^end
 *
 * A slow node holds back the replies before its own only for a moment; see Patience.
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
   * Called after each read and write. When the current batch is answered, the replies owed now become the next one, unless a flush is
   * pending: those replies would be made to wait again.
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
