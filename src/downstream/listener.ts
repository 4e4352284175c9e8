import { createServer, type Server, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import type { Endpoint } from '../util/endpoint.ts';
import { adopt } from './adopt.ts';
import type { Session } from './session.ts';

export interface ListenerOptions {
  readonly endpoint: Endpoint;
  readonly clientsMax: number;
  /** Makes the session of an accepted client. */
  accept(socket: Socket): Session;
  /** The client is one too many. */
  refuse(socket: Socket): void;
}

/** Accepts clients up to a limit and knows who is connected. */
export class Listener {
  readonly sessions = new Set<Session>();
  readonly #options: ListenerOptions;
  readonly #server: Server;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Resolves when clients can connect; rejects with Node's error (EADDRINUSE …) where they never will. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...this.#options.endpoint, backlog: 511 }, () => {
        this.#server.off('error', reject);
        // EMFILE and the like: the client is lost, the listener is not.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Where it really listens: port 0 in the options is replaced by the port that was given. */
  address(): Endpoint {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return this.#options.endpoint;
    return { host: address.address, port: address.port };
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  #accept(accepted: Socket): void {
    if (this.sessions.size >= this.#options.clientsMax) {
      this.#options.refuse(accepted);
      return;
    }
    let session: Session | undefined;
    const socket = adopt(accepted, (size) => session?.onRead(size));
    session = this.#options.accept(socket);
    this.sessions.add(session);
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    this.#server.close();
    const { endpoint } = this.#options;
    if ('path' in endpoint) rmSync(endpoint.path, { force: true });
  }
}
