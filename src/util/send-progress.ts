import { clock } from './clock.ts';
import type { SocketSink } from './socket-sink.ts';

/** Tells whether the other side takes what is sent to it, however slowly. */
export class SendProgress {
  readonly #sink: SocketSink;
  #left = 0;
  #since = 0;

  constructor(sink: SocketSink) {
    this.#sink = sink;
  }

  /** To be called regularly. Since when the client has taken nothing of what is unsent (see clock.ts); Infinity where nothing is unsent. */
  stalledSince(): number {
    const { left } = this.#sink;
    // What the kernel has taken may still count as unsent, until libuv tells.
    if (this.#sink.writableLength === 0 || left === 0) {
      this.#left = 0;
      return Number.POSITIVE_INFINITY;
    }
    if (left !== this.#left) {
      this.#left = left;
      this.#since = clock.now;
    }
    return this.#since;
  }
}
