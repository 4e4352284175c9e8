import type { ErrorCode } from '../errors.ts';
import type { Endpoint } from '../util/endpoint.ts';
import type { ClientSocket } from '../util/light-socket.ts';
import { Roster } from '../util/roster.ts';
import { Door } from './door.ts';
import type { Session } from './session.ts';

export interface ListenerOptions {
  /** Null where somebody else listens and hands the clients in. */
  readonly endpoint: Endpoint | null;
  readonly clientsMax: number;
  /** Makes the session of an accepted client. `id` is given with a client that is handed in. */
  accept(socket: ClientSocket, id: number | undefined): Session;
  /** True where further clients have to be refused for want of memory. */
  isScarce(): boolean;
  /** The client is not taken, and told why. */
  refuse(socket: ClientSocket, code: ErrorCode): void;
  /** A client was lost before it was one; see `Door`. */
  onLost(error: Error): void;
}

/** Accepts clients up to a limit and knows who is connected. */
export class Listener {
  readonly sessions = new Roster<Session>();
  readonly #options: ListenerOptions;
  readonly #door: Door | null;
  #closed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const enter = (socket: ClientSocket): void => this.take(socket);
    this.#door = options.endpoint === null ? null : new Door(options.endpoint, enter, options.onLost, enter);
  }

  /** Resolves when clients can connect; rejects with Node's error (EADDRINUSE …) where they never will. */
  async listen(): Promise<void> {
    await this.#door?.listen();
  }

  /** Where it really listens: port 0 in the options is replaced by the port that was given. */
  address(): Endpoint {
    if (this.#door === null) throw new Error('clients are handed in: there is no address here');
    return this.#door.address();
  }

  get listening(): boolean {
    return this.#door === null ? !this.#closed : this.#door.listening;
  }

  /** A client has come: a paused socket of which nothing was read. */
  take(accepted: ClientSocket, id?: number): void {
    if (this.sessions.size >= this.#options.clientsMax) this.#options.refuse(accepted, 'max_clients');
    else if (this.#options.isScarce()) this.#options.refuse(accepted, 'no_memory');
    else this.sessions.add(this.#options.accept(accepted, id));
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    this.#closed = true;
    this.#door?.close();
  }
}
