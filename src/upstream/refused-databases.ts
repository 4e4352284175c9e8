import { clock } from '../util/clock.ts';

/** What a node says of a database that it does not have. Any other refusal is not about the index. */
const NO_DATABASE = /^SELECT: ERR DB index is out of range/;
/** So long a node is believed: behind its address may be another one, with more databases, of which nothing else tells. */
const BELIEVED_MS = 10_000;

/** The lowest database that a node has lately refused for its index: it has none above, and need not be asked for these. */
export class RefusedDatabases {
  #lowest = Number.POSITIVE_INFINITY;
  #refusal = '';
  #since = Number.NEGATIVE_INFINITY;

  /** The node has refused a connection to `database`, with `refusal` (`STEP: text`). */
  note(database: number, refusal: string): void {
    if (!NO_DATABASE.test(refusal) || this.refusalOf(database) !== '') return;
    this.#lowest = database;
    this.#refusal = refusal;
    this.#since = clock.now;
  }

  /** How the node would refuse `database`; empty where it has to be asked. */
  refusalOf(database: number): string {
    return database >= this.#lowest && clock.now - this.#since < BELIEVED_MS ? this.#refusal : '';
  }

  /** The node may be another one. */
  forget(): void {
    this.#lowest = Number.POSITIVE_INFINITY;
  }
}
