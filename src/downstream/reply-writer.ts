import type { DurationHistogram } from '../observe/counters.ts';
import type { Part } from '../upstream/target.ts';
import { clock } from '../util/clock.ts';
import type { ClientSocket } from '../util/light-socket.ts';
import { OutBuffer } from '../util/out-buffer.ts';
import type { Patience } from '../util/patience.ts';
import { SendProgress, type Sight } from '../util/send-progress.ts';
import { SocketSink } from '../util/socket-sink.ts';
import { type Flushable, LINGER_MAX, type Turn } from '../util/turn.ts';
import { Batch } from './batch.ts';
import { Credit } from './credit.ts';
import { endAndLinger } from './linger.ts';
import { ReplyQueue } from './reply-queue.ts';

/** Whoever has not authenticated gets no more memory than this for replies it does not read, in bytes. */
const UNAUTHENTICATED_UNSENT_MAX = 32 * 1024;

/** What a reply writer needs of its surroundings. */
export interface WriterContext {
  readonly turn: Turn;
  readonly patience: Patience;
  readonly counters: { readonly duration: DurationHistogram; creditWaits: number };
}

/**
 * What is owed to a client, and its way there.
 *
 *   settle(token) ─▶ ReplyQueue ─in order─▶ OutBuffer ─flush─▶ SocketSink ─▶ client
 *                                               └ may wait for the rest of its Batch
 */
export class ReplyWriter {
  /** Unsent bytes beyond which large replies are held up. */
  unsentMax = 0;
  /** Half of that: beyond it no further request is handled. */
  pauseAt = 0;
  readonly sink: SocketSink;
  readonly batch: Batch;
  readonly credit: Credit;
  readonly #socket: ClientSocket;
  readonly #counters: WriterContext['counters'];
  readonly #duration: DurationHistogram;
  readonly #replies = new ReplyQueue();
  readonly #out = new OutBuffer('near');
  readonly #progress: SendProgress;

  /** `owner` is marked in the turn when there is something to flush, or the client has taken something. */
  constructor(socket: ClientSocket, context: WriterContext, owner: Flushable) {
    this.#socket = socket;
    this.#counters = context.counters;
    this.#duration = context.counters.duration;
    this.sink = new SocketSink(socket);
    this.batch = new Batch(this.#replies, context.patience, context.turn, owner);
    this.#progress = new SendProgress(this.sink);
    this.credit = new Credit(this.sink);
    const onSight = (sight: Sight = 'taken'): void => {
      if (sight === 'taken') this.credit.see();
      else if (sight === 'little') this.credit.forget();
      context.turn.mark(owner);
    };
    this.sink.onDrain = onSight;
    this.#progress.onSight = onSight;
  }

  /** `unsentMax` holds once the client is `authenticated`. */
  limit(unsentMax: number, authenticated: boolean): void {
    this.unsentMax = authenticated ? unsentMax : UNAUTHENTICATED_UNSENT_MAX;
    this.pauseAt = this.unsentMax / 2;
  }

  /** Replies owed. */
  get owed(): number {
    return this.#replies.length;
  }

  /** Bytes that wait behind a reply that is not there yet. */
  get heldBytes(): number {
    return this.#replies.heldBytes;
  }

  /** Bytes to be flushed. */
  get readyBytes(): number {
    return this.#out.length;
  }

  /** Bytes that the kernel was not given yet. */
  get waitingBytes(): number {
    return this.#replies.heldBytes + this.#out.length;
  }

  /** Bytes that the client, or its kernel, has not taken yet. */
  get unsentBytes(): number {
    return this.#replies.heldBytes + this.#out.length + this.sink.writableLength;
  }

  /** Since when the client has taken nothing of what it was sent; see `SendProgress`. `bulk`: what it is owed is large. */
  stalledSince(bulk: boolean): number {
    return this.#progress.stalledSince(bulk && (this.owed > 0 || this.credit.wanted));
  }

  /** Whether the client may be sent another bulk reply; see `Credit`. */
  trusts(): boolean {
    const { credit } = this;
    const waited = credit.wanted;
    if (credit.ask()) return true;
    if (!waited) this.#counters.creditWaits++;
    this.#progress.look();
    return false;
  }

  /** See `ReplyQueue.open`. */
  open(gathers: boolean): number {
    return this.#replies.open(clock.now, gathers);
  }

  /** See `ReplyQueue.muting`. */
  mute(mode: 'on' | 'off' | 'skip'): void {
    this.#replies.muting = mode;
  }

  /** See `ReplyQueue.settle`. */
  settle(token: number, buf: Buffer, start: number, end: number, given: boolean): void {
    const replies = this.#replies;
    this.#duration.record(clock.now - replies.openedAt(token));
    replies.settle(token, buf, start, end, given, this.#out);
  }

  /** See `ReplyQueue.settlePart`. */
  settlePart(token: number, part: Part): void {
    const replies = this.#replies;
    replies.settlePart(token, part, this.#out);
    if (part.last) this.#duration.record(clock.now - replies.openedAt(token));
  }

  /** See `ReplyQueue.push`; to be copied. What is sent leaves with the next flush. */
  push(buf: Buffer, start: number, end: number, when: 'now' | 'behind'): void {
    this.#replies.push(buf, start, end, when, this.#out);
    this.batch.end();
  }

  /** Whether what is to be sent waits for the rest of its batch. */
  lingers(): boolean {
    if (!this.batch.owed || this.#out.length >= LINGER_MAX) return false;
    if (this.#out.length > 0) this.batch.wait();
    return true;
  }

  flush(): void {
    this.batch.end();
    this.#out.flush(this.sink);
  }

  /** Ends our side once everything has been sent. */
  end(halfClosed: boolean): void {
    endAndLinger(this.#socket, this.sink, halfClosed);
  }

  /** Lets go of everything: the client has left. */
  clear(): void {
    this.#out.clear();
    this.#replies.clear();
  }
}
