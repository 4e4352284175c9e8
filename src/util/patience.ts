/** Something that waits for others to go with it. */
export interface Waiter {
  /** The tick at which it began to wait, 0 where it does not. Whoever ends the wait sets it to 0. */
  waitingSince: number;
  /** True while it stands in the list. */
  listed: boolean;
  onPatienceOver(): void;
}

const TICK_MS = 1;

/**
 * Ends waits that last: at the second tick after they began, in one to two milliseconds. There are no ticks while nobody waits. A waiter that
 * stands in the list from an earlier wait is not entered again, so the list is never longer than there are waiters.
 *
 *   tick   4       5       6
 *              ^ wait      ^ onPatienceOver
 */
export class Patience {
  #tick = 1;
  #list: Waiter[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setTimeout(() => this.#onTick(), TICK_MS).unref();
  }

  wait(waiter: Waiter): void {
    if (waiter.waitingSince !== 0) return;
    waiter.waitingSince = this.#tick;
    if (waiter.listed) return;
    waiter.listed = true;
    this.#list.push(waiter);
    if (this.#list.length === 1) this.#timer.refresh();
  }

  #onTick(): void {
    const over = this.#tick++;
    const looked = this.#list;
    this.#list = looked.filter((waiter) => waiter.waitingSince >= over);
    if (this.#list.length > 0) this.#timer.refresh();
    // All before any is told: whoever is told may end waits or begin others.
    for (const waiter of looked) waiter.listed = waiter.waitingSince >= over;
    for (const waiter of looked) {
      if (waiter.waitingSince === 0 || waiter.waitingSince >= over) continue;
      waiter.waitingSince = 0;
      waiter.onPatienceOver();
    }
  }
}
