import type { Socket } from 'node:net';
import { clock } from '../util/clock.ts';

/** The private field by which Node keeps the libuv stream of a socket: it knows how much of a write is left. */
interface WithHandle {
  readonly _handle: { readonly writeQueueSize?: number } | null;
}

/** Tells whether a client takes what is sent to it, however slowly. */
export class SendProgress {
  readonly #socket: Socket;
  #left = 0;
  #since = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Looked at regularly: since when nothing of what is unsent was taken; see clock.ts. Infinity where nothing is unsent. */
  stalledSince(): number {
    const unsent = this.#socket.writableLength;
    const left = (this.#socket as unknown as WithHandle)._handle?.writeQueueSize ?? unsent;
    if (unsent === 0) {
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
