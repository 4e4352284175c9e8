import { type Host, tcpMemory } from './tcp-memory.ts';

/** How many of those in lines go on per turn. This bounds what a turn brings in, however many large values are on their way. */
const PER_TURN = 2;

/** In a flood (`TcpMemory`) newcomers are in no hurry: one of them goes on, so many milliseconds after the last. */
const FLOOD_MS = 1;

/** The part of `Turn` this needs. */
export interface TurnEnd {
  mark(item: { dirty: boolean; flush(): void }): void;
}

/**
 * How soon who rests goes on: with the next turn, whoever else rests; in the line of newcomers; or in that of those known to bring much, where also
 * clients stand that send much.
 */
export type Rank = 'urgent' | 'newcomer' | 'bulk' | 'client';

/** Who has brought enough for now. */
export interface Rester {
  readonly rank: Rank;
  /** Its rest is over. False where it does not go on, because somebody has stopped it. */
  wake(): boolean;
}

/**
 * Where sockets rest that have brought their share of a turn.
 *
 *   urgent     a b         all go on when the turn is over
 *   newcomers  c d e …     one of each line, or two of one where nobody is in the other; the others after one turn more
 *   bulk       f g h i …
 *
 * Two lines: else what clients ask for that were answered nothing yet waits behind all that others have shown to ask for.
 */
export class Rests {
  dirty = false;
  readonly #turn: TurnEnd;
  readonly #urgent: Rester[] = [];
  readonly #newcomers: Rester[] = [];
  readonly #bulk: Rester[] = [];
  readonly #host: Host;
  /** The newcomers wait for it. */
  #timer: NodeJS.Timeout | null = null;
  readonly #ranks = { urgent: this.#urgent, newcomer: this.#newcomers, bulk: this.#bulk, client: this.#bulk };

  constructor(turn: TurnEnd, host: Host = tcpMemory) {
    this.#turn = turn;
    this.#host = host;
  }

  /** Once, until it is woken. */
  enter(rester: Rester): void {
    this.#ranks[rester.rank].push(rester);
    this.#turn.mark(this);
  }

  /** The turn is over. */
  flush(): void {
    for (const rester of this.#urgent.splice(0)) rester.wake();
    const hurry = this.#newcomers.length === 0 || !this.#host.flooded;
    let left = PER_TURN;
    if (hurry) left -= wake(this.#newcomers, 1);
    left -= wake(this.#bulk, left);
    if (hurry) wake(this.#newcomers, left);
    else this.#timer ??= setTimeout(() => this.#onTimer(), FLOOD_MS);
    if ((hurry && this.#newcomers.length > 0) || this.#bulk.length > 0) this.#turn.mark(this);
  }

  #onTimer(): void {
    this.#timer = null;
    wake(this.#newcomers, 1);
    if (this.#newcomers.length > 0) this.#turn.mark(this);
  }
}

/** Wakes the first of the line, up to `count` that go on; returns how many do. */
function wake(line: Rester[], count: number): number {
  let woken = 0;
  let at = 0;
  for (; at < line.length && woken < count; at++) if ((line[at] as Rester).wake()) woken++;
  line.splice(0, at);
  return woken;
}
