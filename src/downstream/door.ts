import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../util/endpoint.ts';
import { LightSocket } from '../util/light-socket.ts';
import { Seldom } from '../util/seldom.ts';
import { removeStale } from '../util/stale-socket.ts';
import { mayBeLight, STREAM_WRAP, type StreamHandle } from '../util/stream-wrap.ts';

const KEEP_ALIVE_S = 60;
/** What keeps the listening socket alive keeps those that it accepts: four system calls less for each. */
const INHERITED = process.platform === 'linux';
/** Half-open: a client may send all it has, close its side and still read its replies. Paused: `adopt` starts the reading. */
const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_S * 1000,
};
const BACKLOG = 511;

/** A process that may open no more files would say so with each client. */
const COMPLAIN_MS = 10_000;

/** The private field by which Node keeps the libuv handle of a server, and what that calls with each client. */
interface WithHandle {
  readonly _handle?: (Pick<StreamHandle, 'setKeepAlive'> & { onconnection(status: number, client: StreamHandle | undefined): void }) | null;
}

/** A listening socket: whoever comes in is passed on, paused. */
export class Door {
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #onLost: (error: Error) => void;
  readonly #enterLight: ((socket: LightSocket) => void) | null;
  readonly #complaints = new Seldom(COMPLAIN_MS);

  /**
   * `onLost` hears, now and then, why clients could not be accepted (EMFILE and the like): the listener goes on. With `enterLight`, clients
   * go there where Node lets them.
   */
  constructor(
    endpoint: Endpoint,
    enter: (socket: Socket) => void,
    onLost: (error: Error) => void,
    enterLight: ((socket: LightSocket) => void) | null = null,
  ) {
    this.#endpoint = endpoint;
    this.#onLost = onLost;
    this.#enterLight = enterLight;
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
        this.#server.on('error', (error) => {
          if (this.#complaints.now()) this.#onLost(error);
        });
        this.#acceptLight();
        resolve();
      });
    });
  }

  /** Takes clients before Node has made sockets of them. */
  #acceptLight(): void {
    const enter = this.#enterLight;
    const handle = (this.#server as unknown as WithHandle)._handle;
    if (enter === null || STREAM_WRAP === null || typeof handle?.onconnection !== 'function') return;
    if (INHERITED) handle.setKeepAlive?.(true, KEEP_ALIVE_S);
    const accept = handle.onconnection;
    handle.onconnection = (status, client) => {
      if (status !== 0 || client === undefined || !mayBeLight(client)) {
        accept.call(handle, status, client);
        return;
      }
      client.setNoDelay?.(true);
      if (!INHERITED) client.setKeepAlive?.(true, KEEP_ALIVE_S);
      enter(new LightSocket(client));
    };
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
