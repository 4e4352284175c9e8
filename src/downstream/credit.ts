import { clock } from '../util/clock.ts';
import { type Host, tcpMemory } from '../util/tcp-memory.ts';

/** Given to the kernel without a sign that the client takes it, in bytes. */
const BLIND_MAX = 256 * 1024;
/** Whoever was seen to take something is taken to go on with that for so long. */
const SEEN_MS = 5000;

/** The part of `SocketSink` this needs. */
interface Sent {
  readonly givenBytes: number;
  readonly inode: number | null;
}

/**
 * Whether a client may be sent another bulk reply. The kernel takes megabytes for a client that reads nothing: a thousand of them would be sent gigabytes
 * before the first shows by a write that waits. So in a flood (`TcpMemory`) the next reply is asked for only once the client was seen to take something.
 *
 *   given to the kernel  ────────────────────────▶
 *   seen                 ──────────▶│   blind    │     more than BLIND_MAX, not seen for SEEN_MS, in a flood: no credit
 *
 * Only over TCP: the kernel takes little for other sockets, and tells nothing of them.
 */
export class Credit {
  /** There was none, and the client was not seen since. To be asked again now and then: the kernel may hold less. */
  wanted = false;
  readonly #sink: Sent;
  readonly #host: Host;
  #seenBytes = 0;
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(sink: Sent, host: Host = tcpMemory) {
    this.#sink = sink;
    this.#host = host;
  }

  /** A sign that the client takes what it is sent: a look, the end of a write that had to wait, a request that came after everything was answered. */
  see(): void {
    this.#seenAt = clock.now;
    this.forget();
  }

  /** There is too little left to tell by: it may be sent as much again as if it were new. */
  forget(): void {
    this.wanted = false;
    this.#seenBytes = this.#sink.givenBytes;
  }

  /** Whether there is some; where not, it is `wanted`. */
  ask(): boolean {
    const blind = clock.now - this.#seenAt > SEEN_MS && this.#sink.givenBytes - this.#seenBytes > BLIND_MAX;
    this.wanted = blind && this.#host.flooded && this.#sink.inode !== null;
    return !this.wanted;
  }
}
