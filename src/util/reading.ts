import type { Rank, Rester } from './rests.ts';
import { type Host, tcpMemory } from './tcp-memory.ts';
import type { Turn } from './turn.ts';

/** What one socket may bring in one turn, in bytes. Left alone libuv reads 32 times, here 2 MiB, before it looks at the next socket. */
const SHARE = 1024 * 1024;
/** A read of so many bytes is of a large frame. */
const BULK_MIN = 32 * 1024;
/** So many times as much counts in a flood what newcomers bring. */
const FLOOD_WEIGHT = 4;

/**
 * Whose large reads are counted together. What comes to urgent ones may be many small frames; of clients that send large requests at the same time a few would
 * take all of each turn: with fifty SETs of 1 MiB the p99 was twice as long.
 */
const SHARES_TURN: Readonly<Record<Rank, boolean>> = { urgent: false, newcomer: true, bulk: true, client: false };

/** The part of `net.Socket` this needs. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Decides whether a socket is read from. Its owner may stop it. A socket that has brought its share of a turn rests at least until the turn
 * is over (`Rests`), so that many large frames at once do not keep small ones waiting.
 */
export class Reading implements Rester {
  readonly #rankNow: () => Rank;
  readonly #socket: Source;
  readonly #turn: Turn;
  readonly #host: Host;
  #stopped = false;
  /** It has brought its share, and waits for its turn to go on. */
  resting = false;
  /** The turn that `#left` belongs to. */
  #number = -1;
  #left = 0;

  /** `rankNow` is asked when it begins to rest. */
  constructor(socket: Source, turn: Turn, rankNow: () => Rank, host: Host = tcpMemory) {
    this.#host = host;
    this.#socket = socket;
    this.#turn = turn;
    this.#rankNow = rankNow;
  }

  get rank(): Rank {
    return this.#rankNow();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.pause();
  }

  go(): void {
    this.#stopped = false;
    if (!this.resting) this.#socket.resume();
  }

  /** `size` bytes were read. */
  spend(size: number): void {
    const turn = this.#turn;
    turn.hear();
    if (this.#number !== turn.number) {
      this.#number = turn.number;
      this.#left = SHARE;
    }
    this.#left -= size;
    // A small read is nobody's bulk, as those of clients.
    const rank = size < BULK_MIN ? 'client' : this.rank;
    const bulk = SHARES_TURN[rank];
    if (bulk) turn.bulkLeft -= size;
    if (rank === 'newcomer' && this.#host.flooded) this.#left -= size * (FLOOD_WEIGHT - 1);
    if (this.resting || (this.#left > 0 && (!bulk || turn.bulkLeft > 0))) return;
    this.resting = true;
    this.#socket.pause();
    turn.rests.enter(this);
  }

  wake(): boolean {
    this.resting = false;
    if (!this.#stopped) this.#socket.resume();
    return !this.#stopped;
  }
}
