import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../util/endpoint.ts';
import { removeStale } from '../util/stale-socket.ts';

/** Half-open: a client may send all it has, close its side and still read its replies. Paused: `adopt` starts the reading. */
const SOCKET_OPTIONS = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
const BACKLOG = 511;

/** A process that may open no more files would say so with each client. */
const COMPLAIN_MS = 10_000;

/** A listening socket: whoever comes in is passed on, paused. */
export class Door {
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #onLost: (error: Error) => void;
  #complainedAt = Number.NEGATIVE_INFINITY;

  /** `onLost` hears, now and then, why clients could not be accepted (EMFILE and the like): the listener goes on. */
  constructor(endpoint: Endpoint, enter: (socket: Socket) => void, onLost: (error: Error) => void) {
    this.#endpoint = endpoint;
    this.#onLost = onLost;
    this.#server = createServer(SOCKET_OPTIONS, enter);
  }

  /** Resolves when clients can connect; rejects with Node's error (EADDRINUSE …) where they never will. */
  async listen(): Promise<void> {
    const endpoint = this.#endpoint;
    await removeStale(endpoint);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...endpoint, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#complain(error));
        resolve();
      });
    });
  }

  #complain(error: Error): void {
    const now = performance.now();
    if (now - this.#complainedAt < COMPLAIN_MS) return;
    this.#complainedAt = now;
    this.#onLost(error);
  }

  /** Where it really listens: port 0 in the options is replaced by the port that was given. */
  address(): Endpoint {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return this.#endpoint;
    return { host: address.address, port: address.port };
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  close(): void {
    this.#server.close();
  }
}
