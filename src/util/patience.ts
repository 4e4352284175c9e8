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
 * Ends waits that take too long: at the second tick after they began, which is after one to two milliseconds. Ticks stop while nobody
 * waits. A waiter that is still in the list from an earlier wait is not entered again, so the list is never longer than there are waiters.
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
    // Before the first call: whoever is called may end waits or begin others.
    for (const waiter of looked) waiter.listed = waiter.waitingSince >= over;
    for (const waiter of looked) {
      if (waiter.waitingSince === 0 || waiter.waitingSince >= over) continue;
      waiter.waitingSince = 0;
      waiter.onPatienceOver();
    }
  }
}
