import { mayReplicate } from '../command/replicated.ts';
import type { CommandRow } from '../command/row.ts';

/** Whoever is held by a pause. */
export interface Paused {
  onHold: boolean;
  readonly transaction: { readonly writes: boolean } | null;
  park(): void;
  onLaneReady(): void;
}

/** A pause until that time of the clock. */
export interface PauseOrder {
  readonly until: number;
  readonly mode: 'all' | 'write';
}

/** Null ends a pause. */
export type Pause = PauseOrder | null;

/** Longest timer that there is. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What goes on where `next` is ordered during `pause`: as in Redis that is made neither shorter nor weaker. */
export function joined(pause: Pause, next: Pause): Pause {
  if (pause === null || next === null || pause.until <= Date.now()) return next;
  return { until: Math.max(pause.until, next.until), mode: pause.mode === 'all' ? 'all' : next.mode };
}

/** CLIENT PAUSE: requests of all clients of a pool wait until its time is over, or only those that may write. */
export class Pauses {
  /** False while no request needs to be checked. */
  active = false;
  #pause: Pause = null;
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
  follow(order: Pause): void {
    const pause = joined(this.#pause, order);
    if (pause === null) this.end();
    else if (pause.until > Date.now()) this.#begin(pause);
  }

  #begin(pause: PauseOrder): void {
    this.#pause = pause;
    this.active = true;
    this.#changed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), Math.min(TIMER_MAX_MS, Math.max(1, pause.until - Date.now())));
  }

  /** True where the request has to wait; then it comes again. CLIENT itself never waits, so that a pause can be ended. */
  holds(session: Paused, row: CommandRow): boolean {
    if (row.local === 'client' || (this.#pause?.mode === 'write' && !writes(session, row))) return false;
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
    this.#pause = null;
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

function writes({ transaction }: Paused, row: CommandRow): boolean {
  return row.policy === 'transaction' ? row.name === 'exec' && transaction?.writes === true : mayReplicate(row);
}
