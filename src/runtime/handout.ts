import type { Socket } from 'node:net';

/** Who takes clients: a worker process. */
export interface Taker {
  /** Sends the client; ours stays open until it is taken. What cannot be sent is told by the end of the taker. */
  hand(client: Handed, socket: Socket): void;
}

export interface Handed {
  readonly pool: string;
  /** Unique over all workers and their successors. */
  readonly id: number;
  /** The pool has as many clients as it may have: this one is to be told so. */
  readonly full: boolean;
}

export interface HandoutOptions {
  /** Clients a pool may have, all workers together. */
  readonly clientsMax: Readonly<Record<string, number>>;
  /** A client that no worker could be found for in so long is disconnected. */
  readonly waitMs: number;
  readonly arrivalMs?: number;
}

/** What is known of a taker. A client that is on its way to it counts as its own. */
interface Desk {
  readonly clients: Map<string, number>;
  total: number;
  /** On its way to it. */
  coming: { readonly client: Handed; readonly socket: Socket; readonly since: number } | null;
  /** Pools by id of clients that were given up on the way: they count again if they arrive after all. */
  readonly givenUp: Map<number, string>;
}

interface Waiting {
  readonly pool: string;
  readonly socket: Socket;
}

/** Clients waiting here while no worker takes them; more are let go at once. */
const WAITING_MAX = 4096;
/** A worker that has not taken a client after so long is passed over until it has. */
const LATE_MS = 50;
/** A client that has not arrived after so long is closed here: the worker hangs, or has no file descriptor left for it. */
const ARRIVAL_MS = 5000;

/**
 * Gives each accepted client to the worker that has the fewest. One client at a time is on its way to a worker, and open here
 * until the worker says that it has it. If the worker dies before, the client is closed, not given to another: the
 * worker may have read from it.
 */
export class Handout<T extends Taker> {
  readonly #options: HandoutOptions;
  readonly #desks = new Map<T, Desk>();
  /** Takers that are draining: their clients count for the limit. */
  readonly #leavers = new Map<T, Desk>();
  readonly #waiting: Waiting[] = [];
  #nextId = 1;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: HandoutOptions) {
    this.#options = options;
  }

  /** A client has come. */
  offer(pool: string, socket: Socket): void {
    // A client that breaks while it waits is found broken by its worker.
    socket.on('error', () => {});
    if (this.#closed || this.#waiting.length >= WAITING_MAX) {
      socket.destroy();
      return;
    }
    socket.setTimeout(this.#options.waitMs);
    socket.once('timeout', () => this.#letGo(socket));
    this.#waiting.push({ pool, socket });
    this.#serve();
  }

  join(taker: T): void {
    this.#desks.set(taker, { clients: new Map(), total: 0, coming: null, givenUp: new Map() });
    this.#serve();
  }

  /** It gets no more clients; those it has are still counted as they go. */
  leave(taker: T): void {
    const desk = this.#desks.get(taker);
    if (desk === undefined) return;
    this.#desks.delete(taker);
    this.#leavers.set(taker, desk);
    this.#serve();
  }

  /** Called after `leave`. */
  gone(taker: T): void {
    const desk = this.#leavers.get(taker);
    if (desk === undefined) return;
    this.#leavers.delete(taker);
    release(desk);
  }

  /** The client with that id has arrived. */
  taken(taker: T, id: number): void {
    const desk = this.#deskOf(taker);
    if (desk === undefined) return;
    const late = desk.givenUp.get(id);
    if (late !== undefined) {
      desk.givenUp.delete(id);
      add(desk, late, 1);
    }
    if (desk.coming?.client.id === id) release(desk);
    this.#serve();
  }

  /** So many of a taker's clients have gone. */
  clientsGone(taker: T, pool: string, count: number): void {
    const desk = this.#deskOf(taker);
    if (desk !== undefined) add(desk, pool, -count);
  }

  /** Closes all clients that wait here, and all that come from now on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #deskOf(taker: T): Desk | undefined {
    return this.#desks.get(taker) ?? this.#leavers.get(taker);
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const { pool, socket } = this.#waiting[0] as Waiting;
      const taker = this.#fewest(pool);
      if (taker === null) return;
      const desk = this.#desks.get(taker) as Desk;
      if (desk.coming !== null) {
        this.#retryLate();
        return;
      }
      this.#waiting.shift();
      socket.setTimeout(0);
      const full = this.#clientsOf(pool) >= (this.#options.clientsMax[pool] as number);
      const client = { pool, id: this.#nextId++, full };
      add(desk, pool, 1);
      desk.coming = { client, socket, since: performance.now() };
      socket.setTimeout(this.#options.arrivalMs ?? ARRIVAL_MS, () => this.#giveUp(desk, client));
      taker.hand(client, socket);
    }
  }

  /** Of those that are not late, the one with the fewest clients of the pool; null where there is none. */
  #fewest(pool: string): T | null {
    const now = performance.now();
    let best: T | null = null;
    let bestDesk: Desk | null = null;
    for (const [taker, desk] of this.#desks) {
      if (desk.coming !== null && now - desk.coming.since > LATE_MS) continue;
      if (bestDesk !== null && !hasFewer(desk, bestDesk, pool)) continue;
      best = taker;
      bestDesk = desk;
    }
    return best;
  }

  /** Looks again when the one that is waited for has become late. */
  #retryLate(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#serve(), LATE_MS + 1);
  }

  #clientsOf(pool: string): number {
    let sum = 0;
    for (const desk of this.#desks.values()) sum += desk.clients.get(pool) ?? 0;
    for (const desk of this.#leavers.values()) sum += desk.clients.get(pool) ?? 0;
    return sum;
  }

  #giveUp(desk: Desk, client: Handed): void {
    if (desk.coming?.client !== client) return;
    release(desk);
    add(desk, client.pool, -1);
    desk.givenUp.set(client.id, client.pool);
    this.#serve();
  }

  #letGo(socket: Socket): void {
    const index = this.#waiting.findIndex((entry) => entry.socket === socket);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    socket.destroy();
  }
}

/** Closes our end of the client; where the taker has its own, the client does not notice. */
function release(desk: Desk): void {
  desk.coming?.socket.destroy();
  desk.coming = null;
}

function hasFewer(one: Desk, other: Desk, pool: string): boolean {
  return ((one.clients.get(pool) ?? 0) - (other.clients.get(pool) ?? 0) || one.total - other.total) < 0;
}

function add(desk: Desk, pool: string, count: number): void {
  desk.clients.set(pool, (desk.clients.get(pool) ?? 0) + count);
  desk.total += count;
}
