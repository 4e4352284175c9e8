import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
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

/** Half-open: a client may send all it has, close its side and still read its replies. Paused: `adopt` starts the reading. */
const SOCKET_OPTIONS = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
const BACKLOG = 511;

/** Accepts clients up to a limit and knows who is connected. */
export class Listener {
  readonly sessions = new Set<Session>();
  readonly #options: ListenerOptions;
  readonly #server: Server;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer(SOCKET_OPTIONS, (socket) => this.#accept(socket));
  }

  /** Resolves when clients can connect; rejects with Node's error (EADDRINUSE …) where they never will. */
  async listen(): Promise<void> {
    const { endpoint } = this.#options;
    if ('path' in endpoint) await removeStale(endpoint.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...endpoint, backlog: BACKLOG }, () => {
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
  }
}

/** Removes the socket file of a process that did not end in good order: one that nobody answers on. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  await new Promise<void>((resolve) => {
    const probe = connect({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve();
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
      resolve();
    });
  });
}
