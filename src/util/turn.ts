import { Rests } from './rests.ts';

/** Something with bytes to write at the end of the event-loop turn. */
export interface Flushable {
  /** True while it stands in the list: it is entered once a turn. */
  dirty: boolean;
  flush(): void;
}

/** With so many bytes to write nothing is gained by waiting for more. */
export const LINGER_MAX = 16 * 1024;
/** Turns that a write waits for more, at the most. */
const LINGER_TURNS = 2;

/**
 * Collects what became dirty while sockets were read and flushes it behind the poll phase: one write per socket and
 * turn, whatever the number of frames in it.
 */
export class Turn {
  /** Sockets that have brought enough for now. */
  readonly rests = new Rests(this);
  /** Counts the turns in which something was marked. */
  number = 0;
  /** Reads since the last turn, and those of the turn at hand. */
  #reads = 0;
  #brought = 0;
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];
  #scheduled = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.number++;
    this.#brought = this.#reads;
    this.#reads = 0;
    const list = this.#dirty;
    this.#dirty = this.#spare;
    for (let i = 0; i < list.length; i++) {
      const item = list[i] as Flushable;
      item.dirty = false;
      item.flush();
    }
    list.length = 0;
    this.#spare = list;
  };

  /** Something was read. */
  hear(): void {
    this.#reads++;
  }

  /**
   * Whether what has waited for `turns` turns shall wait for one more, so that more may leave in the same write: where many send at the same time, each
   * turn brings some of it. Where nobody else was heard nothing would come of it.
   */
  lingers(turns: number): boolean {
    return this.#brought > 1 && turns < LINGER_TURNS;
  }

  mark(item: Flushable): void {
    if (item.dirty) return;
    item.dirty = true;
    this.#dirty.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }
}
