import { clock } from './clock.ts';
import { type Queued, sendQueues } from './send-queues.ts';
import type { SocketSink } from './socket-sink.ts';

/** What a look has shown counts for so long; then, where looks fail, what the kernel takes. */
const LOOK_TRUST_MS = 30_000;
/** What the other side's kernel takes for somebody who reads nothing is less than this, in bytes; and whoever has no more than this outstanding waits for more. */
const LITTLE = 256 * 1024;

/**
 * What a look has shown of the other side: it has taken more than its kernel takes for somebody who reads nothing (or that cannot be known); there is little left that it could
 * have taken; it has taken something.
 */
export type Sight = 'taken' | 'little' | 'something';

/** The part of `SendQueues` this needs. */
interface Asked {
  ask(socket: Queued, urgent: boolean): void;
}

/**
 * Tells whether the other side takes what is sent to it, however slowly: by what it has acknowledged where the kernel tells that, else by
 * what the kernel has taken for it.
 */
export class SendProgress implements Queued {
  /** Called after a look, unless nothing was taken since the one before. */
  onSight: ((sight: Sight) => void) | null = null;
  readonly #sink: SocketSink;
  readonly #queues: Asked | null;
  /** What libuv had left, and since when. */
  #left = 0;
  #leftSince = 0;
  /** Whether it was asked for progress the last time. */
  #behind = false;
  #asked = false;
  /** What the kernel had been given as the look began: it may take more meanwhile, and that is not the other side's doing. */
  #given = 0;
  /** Bytes that the other side had acknowledged by the last look, and since when no more; -1 where nothing was outstanding. */
  #acknowledged = -1;
  #acknowledgedSince = 0;
  /** What it had acknowledged when that was last told as taken. */
  #takenBytes = 0;
  /** For how long it had acknowledged nothing, by the last look at what is unsent now, and when that was; null where there was none. */
  #stalledMs: number | null = null;
  #lookedAt = 0;

  /** `queues` is null where what the kernel takes is all that is to be known. */
  constructor(sink: SocketSink, queues: Asked | null = sendQueues) {
    this.#sink = sink;
    this.#queues = queues;
  }

  get inode(): number | null {
    return this.#sink.inode;
  }

  /**
   * To be called regularly. Since when the other side has taken nothing of what it was sent (see clock.ts); Infinity where nobody waits for it to: nothing
   * is unsent, and no `more` is to follow what the kernel may still have.
   */
  stalledSince(more = false): number {
    const left = this.#sink.writableLength === 0 ? 0 : this.#sink.left;
    if (left !== this.#left) this.#leftSince = clock.now;
    this.#left = left;
    const behind = this.#behind;
    // What the kernel has taken may still count as unsent, until libuv tells.
    this.#behind = left > 0 || more;
    if (!this.#behind) {
      this.#stalledMs = null;
      this.#acknowledged = -1;
      return Number.POSITIVE_INFINITY;
    }
    // Most are behind for a moment only: whoever still is the next time is looked at closely.
    if (behind) this.#ask(false);
    if (this.#stalledMs !== null && clock.now - this.#lookedAt < LOOK_TRUST_MS) return clock.now - this.#stalledMs;
    return left > 0 ? this.#leftSince : Number.POSITIVE_INFINITY;
  }

  /** Asks for a look now: somebody waits for it. */
  look(): void {
    this.#behind = true;
    this.#ask(true);
  }

  #ask(urgent: boolean): void {
    if (this.#asked || this.#queues === null) return;
    this.#asked = true;
    this.#queues.ask(this, urgent);
  }

  beginLook(): void {
    this.#given = this.#sink.givenBytes;
  }

  endLook(bytes: number | null): boolean {
    this.#asked = false;
    if (bytes === null) this.onSight?.('taken');
    if (bytes === null || !this.#behind) return false;
    this.#lookedAt = clock.now;
    const acknowledged = bytes === 0 ? -1 : this.#given - bytes;
    if (bytes === 0 || this.#acknowledged < 0 || acknowledged > this.#acknowledged) {
      this.#acknowledged = acknowledged;
      this.#acknowledgedSince = clock.now;
    }
    this.#stalledMs = clock.now - this.#acknowledgedSince;
    this.#tell(bytes);
    return this.#stalledMs > 0;
  }

  #tell(bytes: number): void {
    const taken = this.#given - bytes;
    if (taken > this.#takenBytes + LITTLE) {
      this.#takenBytes = taken;
      this.onSight?.('taken');
    } else if (bytes <= LITTLE) this.onSight?.('little');
    else if (this.#stalledMs === 0) this.onSight?.('something');
  }
}
