import { clock } from '../util/clock.ts';
import { type Host, tcpMemory } from '../util/tcp-memory.ts';

/** Given to the kernel without a sign that the client takes it, in bytes. */
const BLIND_MAX = 256 * 1024;
/** Whoever was seen to take something is taken to go on with that for so long. */
const SEEN_MS = 5000;

/**
 * Whether a client may be sent another bulk reply. The kernel takes megabytes for a client that reads nothing: a thousand of them would be sent gigabytes
 * before the first shows by a write that waits. So in a crowd (`TcpMemory`) the next reply is asked for only once the client was seen to take something.
 *
 *   given  ────────────────────────▶
 *   seen   ──────────▶│   blind    │     more than BLIND_MAX, not seen for SEEN_MS, in a crowd: no credit
 */
export class Credit {
  /** It was asked for and not given, and the client not seen since. To be asked for again now and then: the kernel may hold less. */
  wanted = false;
  readonly #sink: { readonly givenBytes: number };
  readonly #host: Host;
  #seenBytes = 0;
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(sink: { readonly givenBytes: number }, host: Host = tcpMemory) {
    this.#sink = sink;
    this.#host = host;
  }

  /** The client takes what it is sent: a look has shown it, or a write that waited and left, or a request that came after everything was answered. */
  see(): void {
    this.wanted = false;
    this.#seenBytes = this.#sink.givenBytes;
    this.#seenAt = clock.now;
  }

  /** Whether there is some now. */
  given(): boolean {
    this.wanted = clock.now - this.#seenAt > SEEN_MS && this.#sink.givenBytes - this.#seenBytes > BLIND_MAX && this.#host.crowded;
    return !this.wanted;
  }
}
