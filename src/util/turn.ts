/** Something with bytes to write at the end of the event-loop turn. */
export interface Flushable {
  /** True while it stands in the list: it is entered once a turn. */
  dirty: boolean;
  flush(): void;
}

/**
 * Collects what became dirty while sockets were read and flushes it behind the poll phase: one write per socket and
 * turn, whatever the number of frames in it.
 */
export class Turn {
  /** Counts the turns in which something was marked. */
  number = 0;
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];
  #scheduled = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.number++;
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

  mark(item: Flushable): void {
    if (item.dirty) return;
    item.dirty = true;
    this.#dirty.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }
}
