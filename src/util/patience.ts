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
  #ticking = false;

  constructor() {
    this.#timer = setTimeout(() => this.#onTick(), TICK_MS).unref();
  }

  wait(waiter: Waiter): void {
    if (waiter.waitingSince !== 0) return;
    waiter.waitingSince = this.#tick;
    if (waiter.listed) return;
    waiter.listed = true;
    this.#list.push(waiter);
    if (!this.#ticking) this.#goOn();
  }

  #goOn(): void {
    this.#ticking = true;
    this.#timer.refresh();
  }

  #onTick(): void {
    const over = this.#tick++;
    const list = this.#list;
    this.#list = list.filter((waiter) => waiter.waitingSince >= over);
    this.#ticking = false;
    if (this.#list.length > 0) this.#goOn();
    for (const waiter of list) {
      if (waiter.waitingSince >= over) continue;
      waiter.listed = false;
      if (waiter.waitingSince === 0) continue;
      waiter.waitingSince = 0;
      waiter.onPatienceOver();
    }
  }
}
