/** How many of those in line go on per turn. This bounds what a turn brings in, however many large values are on their way. */
const PER_TURN = 2;

/** The part of `Turn` this needs. */
export interface TurnEnd {
  mark(item: { dirty: boolean; flush(): void }): void;
}

/** Who has brought enough for now. */
export interface Rester {
  /** Goes on with the next turn, whoever else rests. */
  readonly urgent: boolean;
  /** Its rest is over. False where it does not go on, because somebody has stopped it. */
  wake(): boolean;
}

/**
 * Where sockets rest that have brought their share of a turn.
 *
 *   urgent   a b         all go on when the turn is over
 *   line     c d e f …   two of them, the others after one turn more
 */
export class Rests {
  dirty = false;
  readonly #turn: TurnEnd;
  #urgent: Rester[] = [];
  #line: Rester[] = [];

  constructor(turn: TurnEnd) {
    this.#turn = turn;
  }

  /** Once, until it is woken. */
  enter(rester: Rester): void {
    (rester.urgent ? this.#urgent : this.#line).push(rester);
    this.#turn.mark(this);
  }

  /** The turn is over. */
  flush(): void {
    for (const rester of this.#urgent.splice(0)) rester.wake();
    const line = this.#line;
    let at = 0;
    for (let woken = 0; at < line.length && woken < PER_TURN; at++) if ((line[at] as Rester).wake()) woken++;
    line.splice(0, at);
    if (line.length > 0) this.#turn.mark(this);
  }
}
