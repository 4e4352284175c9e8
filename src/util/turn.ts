import { Rests } from './rests.ts';

/** Something with bytes to write at the end of the event-loop turn. */
export interface Flushable {
  /** True while it stands in the list: it is entered once a turn. */
  dirty: boolean;
  flush(): void;
}

/** From so many bytes on, waiting for more gains nothing. */
export const LINGER_MAX = 16 * 1024;
/** What all large replies together may bring in one turn, in bytes: whoever asks for little waits so long. */
const BULK_MAX = 1024 * 1024;
/** Most turns that a write waits for company. */
const LINGER_TURNS = 2;

/**
 * Collects what became dirty while sockets were read and flushes it behind the poll phase: one write per socket and
 * turn, whatever the number of frames in it.
 */
export class Turn {
  /** Sockets that have brought enough for now. */
  readonly rests = new Rests(this);
  /** Bytes that large replies may still bring in this turn; see `Reading`. */
  bulkLeft = BULK_MAX;
  /** Counts the turns in which something was marked. */
  number = 0;
  /** Reads since the last turn, and those of the turn at hand. */
  #reads = 0;
  #brought = 0;
  /** The first `#count` of `#dirty` are dirty; neither list shrinks, which would take as long as a small flush. */
  #dirty: (Flushable | null)[] = [];
  #spare: (Flushable | null)[] = [];
  #count = 0;
  readonly #run = (): void => {
    this.number++;
    this.bulkLeft = BULK_MAX;
    this.#brought = this.#reads;
    this.#reads = 0;
    const list = this.#dirty;
    const count = this.#count;
    this.#dirty = this.#spare;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const item = list[i] as Flushable;
      list[i] = null;
      item.dirty = false;
      item.flush();
    }
    this.#spare = list;
  };

  /** Something was read. */
  hear(): void {
    this.#reads++;
  }

  /**
   * Whether a write that has waited for `turns` turns waits for one more, so that more may leave with it. That pays where many send at the
   * same time, as each turn brings some of it; where only one was heard, nothing more is to be expected.
   */
  lingers(turns: number): boolean {
    return this.#brought > 1 && turns < LINGER_TURNS;
  }

  mark(item: Flushable): void {
    if (item.dirty) return;
    item.dirty = true;
    if (this.#count === 0) setImmediate(this.#run);
    this.#dirty[this.#count++] = item;
  }
}
