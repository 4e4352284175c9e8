import { clock } from '../util/clock.ts';

/** Replies from this size on are bulk: a hundred requests of thirty bytes may ask for a hundred times so much. */
const BULK_MIN = 256 * 1024;
/** A client is taken to ask for more of them until it has been sent so many other replies. */
const BULK_MEMORY = 4;
/** Sizes are remembered as the largest, less an eighth with each smaller one that follows. */
const FADE = 7 / 8;
/** What a client may ask for before its first reply, where it has a grant. */
const FIRST_WINDOW = 8;
/**
 * Grants that the clients of a pool may hold at a time; none for a while after one of them was sent a bulk reply. Until their first reply those with a grant
 * are treated as if they were known.
 */
const GRANTS_MAX = 8;
const BULK_RECENT_MS = 10_000;

interface PaceLimits {
  /** Requests that a client may be owed replies to. */
  readonly inFlightMax: number;
  /** Replies of the sizes that the client was sent last shall not be more than this together, in bytes. */
  readonly unsentBytesMax: number;
}

/** What the clients of a pool have in common. */
export class PacePool {
  grants = 0;
  /** Time of the last bulk reply; see clock.ts. */
  bulkAt = Number.NEGATIVE_INFINITY;

  /** True where a client was sent a bulk reply not long ago. */
  get bulkRecent(): boolean {
    return clock.now - this.bulkAt < BULK_RECENT_MS;
  }
}

/**
 * How much a client may ask for before it has been answered: what its first reply from a node shows to be safe, and one at a time
 * where bulk replies come. Many clients that connect at once and ask for gigabytes
 * would else have the nodes send all of it, on connections that others share.
 */
export class Pace {
  /** Replies the client may be owed before it is read from no more. */
  window = 1;
  readonly #windowMax: number;
  readonly #unsentMax: number;
  /** Replies up to this size leave the window as wide as it may be, in bytes. */
  readonly #smallMax: number;
  /** What a reply to this client may be as large as, by the last ones. */
  #usual = 0;
  readonly #pool: PacePool;
  #granted = false;
  #bulk = 0;
  #known = false;
  #aside = false;

  constructor({ inFlightMax, unsentBytesMax }: PaceLimits, pool: PacePool) {
    this.#windowMax = inFlightMax;
    this.#unsentMax = unsentBytesMax;
    this.#smallMax = unsentBytesMax / inFlightMax;
    this.#pool = pool;
  }

  /** True where the client is taken to ask for bulk replies: these come one at a time, on connections where nobody waits behind them. */
  get asksBulk(): boolean {
    return this.#bulk > 0;
  }

  /** True where the client is known, and not to ask for bulk replies: its requests go where everybody's go. */
  get shares(): boolean {
    return this.#known && this.#bulk === 0;
  }

  /**
   * True where a client that was answered nothing yet has no grant: asked before each request. What it asks for may be bulk, as it may be of many others
   * at the same time, and must not keep known clients waiting. It stays so until it is answered: its requests to a node must not overtake each other.
   */
  goesAside(): boolean {
    if (!this.#known && !this.#aside && !this.#grant()) this.#aside = true;
    return this.#aside;
  }

  /** True where a client is to be owed one reply at a time, each on a connection that is not everybody's. */
  get single(): boolean {
    return this.#bulk > 0 || this.#aside;
  }

  /** True where a client that is owed `owed` replies may have another request handled. */
  admits(owed: number): boolean {
    if (owed < this.window) return true;
    if (this.window > 1 || this.single || !this.#grant()) return false;
    this.window = Math.min(FIRST_WINDOW, this.#windowMax);
    return owed < this.window;
  }

  #grant(): boolean {
    const pool = this.#pool;
    if (this.#granted) return true;
    if (pool.grants >= GRANTS_MAX || pool.bulkRecent) return false;
    pool.grants++;
    this.#granted = true;
    return true;
  }

  /** Of a reply `total` bytes have come; `last` says that this is all. */
  learnPart(total: number, last: boolean): void {
    if (last || total >= BULK_MIN) this.learn(total);
  }

  /** A reply of `size` bytes has come from a node. Small ones to a client that is known for them change nothing. */
  learn(size: number): void {
    if (!this.#known || size > this.#smallMax || this.window < this.#windowMax || this.#bulk > 0) this.#adapt(size);
  }

  #adapt(size: number): void {
    this.release();
    this.#known = true;
    this.#aside = false;
    if (size >= BULK_MIN) {
      this.#bulk = BULK_MEMORY;
      this.#pool.bulkAt = clock.now;
      this.window = 1;
    } else {
      if (this.#bulk > 0) this.#bulk--;
      this.#usual = Math.max(size, this.#usual * FADE);
      this.window = Math.max(1, Math.min(this.#windowMax, Math.floor(this.#unsentMax / this.#usual)));
    }
  }

  /** The client has gone, or has been answered; or it is owed nothing, and what it had asked for has failed. */
  release(): void {
    if (!this.#granted) return;
    this.#pool.grants--;
    this.#granted = false;
    if (!this.#known) this.window = 1;
  }
}
