import { clock } from '../util/clock.ts';

/** Replies from this size on are bulk: a hundred requests of thirty bytes may ask for a hundred times so much. */
const BULK_MIN = 256 * 1024;
/** A client is taken to ask for more of them until it has been sent so many other replies. */
const BULK_MEMORY = 4;
/** Requests of a new client that may wait for replies before the first one tells their size; and where others have just been sent bulk replies. */
const FIRST_WINDOW = 16;
const FIRST_WINDOW_BULK = 1;
const BULK_RECENT_MS = 10_000;

/** What the clients of a pool know of each other. */
export interface PacePool {
  /** Time at which one of them was last sent a bulk reply; see clock.ts. */
  bulkAt: number;
}

/** How much a client may ask for before it has been answered: what its first replies show to be safe. */
export class Pace {
  /** Replies the client may be owed before it is read from no more. */
  window: number;
  readonly #windowMax: number;
  readonly #pool: PacePool;
  #bulk = 0;

  constructor(windowMax: number, pool: PacePool) {
    this.#windowMax = windowMax;
    this.#pool = pool;
    this.window = Math.min(windowMax, clock.now - pool.bulkAt < BULK_RECENT_MS ? FIRST_WINDOW_BULK : FIRST_WINDOW);
  }

  /** True where the client is taken to ask for bulk replies: these come one at a time, on connections where nobody waits behind them. */
  get asksBulk(): boolean {
    return this.#bulk > 0;
  }

  /** Of a reply `total` bytes have come; `last` says that this is all. */
  learnPart(total: number, last: boolean): void {
    if (last || total >= BULK_MIN) this.learn(total);
  }

  /** A reply of `size` bytes has come. */
  learn(size: number): void {
    this.window = this.#windowMax;
    if (size >= BULK_MIN) {
      this.#bulk = BULK_MEMORY;
      this.#pool.bulkAt = clock.now;
    } else if (this.#bulk > 0) {
      this.#bulk--;
    }
  }
}
