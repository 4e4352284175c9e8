import type { CommandRow } from '../command/row.ts';

/** Whoever is held by a pause. */
export interface Paused {
  onHold: boolean;
  park(): void;
  onLaneReady(): void;
}

/** Longest timer that there is. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** CLIENT PAUSE: requests of all clients of a pool wait until its time is over, or only those that may write. */
export class Pauses {
  /** False where there is nothing to ask. */
  active = false;
  #writesOnly = false;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #held = new Set<Paused>();
  readonly #changed: () => void;

  /** `changed` is called when `active` is another. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** For `ms` from now; as in Redis a pause that goes on is made neither shorter nor weaker. */
  begin(ms: number, mode: 'all' | 'write'): void {
    const until = Date.now() + ms;
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
