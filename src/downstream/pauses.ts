import type { CommandRow } from '../command/row.ts';

/** Whoever is held by a pause. */
export interface Paused {
  onHold: boolean;
  park(): void;
  onLaneReady(): void;
}

/** A pause until that time of the clock; null where it is over. */
export type Pause = { readonly until: number; readonly mode: 'all' | 'write' } | null;

/** Longest timer that there is. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** CLIENT PAUSE: requests of all clients of a pool wait until its time is over, or only those that may write. */
export class Pauses {
  /** False while no request needs to be checked. */
  active = false;
  #writesOnly = false;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #held = new Set<Paused>();
  readonly #changed: () => void;
  readonly #tell: (pause: Pause) => void;

  /** `changed` is called when `active` is another, `tell` with what a client has ordered, for whoever serves the pool as well. */
  constructor(changed: () => void, tell: (pause: Pause) => void) {
    this.#changed = changed;
    this.#tell = tell;
  }

  /** What a client of this process has ordered. */
  order(pause: Pause): void {
    this.follow(pause);
    this.#tell(pause);
  }

  /** What a client has ordered, wherever it is served. */
  follow(pause: Pause): void {
    if (pause === null) this.end();
    else if (pause.until > Date.now()) this.#begin(pause.until, pause.mode);
  }

  /** As in Redis a pause that goes on is made neither shorter nor weaker. */
  #begin(until: number, mode: 'all' | 'write'): void {
    this.#writesOnly = mode === 'write' && (!this.active || this.#writesOnly);
    this.#until = this.active ? Math.max(this.#until, until) : until;
    this.active = true;
    this.#changed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), Math.min(TIMER_MAX_MS, this.#until - Date.now()));
  }

  /** True where the request has to wait; then it comes again. CLIENT itself never waits, so that a pause can be ended. */
  holds(session: Paused, row: CommandRow): boolean {
    if (row.local === 'client' || (this.#writesOnly && !row.write && row.policy !== 'transaction')) return false;
    session.onHold = true;
    session.park();
    this.#held.add(session);
    return true;
  }

  /** The client has left. */
  forget(session: Paused): void {
    this.#held.delete(session);
  }

  end(): void {
    this.active = false;
    this.#changed();
    clearTimeout(this.#timer);
    const held = [...this.#held];
    this.#held.clear();
    for (const session of held) {
      session.onHold = false;
      session.onLaneReady();
    }
  }
}
