import type { Random } from '../support/random.ts';

/** What a client knows of a write once it is over. */
export const OUTCOMES = ['open', 'ok', 'never', 'unknown', 'partly', 'gone', 'cut', 'odd'] as const;
/**
 * `ok`: done. `never`: an error that says so. `unknown`: may have been executed. `partly`: some parts of an MSET were done. `gone`: the
 * client left before the reply. `cut`: the client left before it had sent all of the request. `odd`: a reply that says none of this.
 */
export type Outcome = (typeof OUTCOMES)[number];

export const KINDS = ['incr', 'rpush', 'mset'] as const;
export type Kind = (typeof KINDS)[number];

/** Counters, and lists. */
export const KEYS = 64;
/** Of 100 writes. */
const INCR_SHARE = 45;
const RPUSH_SHARE = 90;
const MSET_KEYS_MIN = 2;
const MSET_KEYS_SPREAD = 5;

export const counterKey = (index: number): string => `counter:${index}`;
export const listKey = (index: number): string => `list:${index}`;
/** The keys of an MSET belong to it alone. */
export const msetKeys = (id: number): string[] =>
  Array.from({ length: MSET_KEYS_MIN + (id % MSET_KEYS_SPREAD) }, (_, part) => `mset:${id}:${part}`);
export const msetValue = (id: number): string => `value:${id}`;

const REPLIES: readonly (readonly [pattern: RegExp, outcome: Outcome])[] = [
  [/^(\+OK|:\d+)$/, 'ok'],
  [/^-ERR keyfan: the command was partly executed: /, 'partly'],
  [/^-ERR keyfan: .* may have been executed$/, 'unknown'],
  [/^-ERR keyfan: .* was not executed$/, 'never'],
  // The node itself refused.
  [/^-LOADING /, 'never'],
];

/** The outcome a reply's line (without CRLF) tells of. */
export function outcomeOf(line: string): Outcome {
  return REPLIES.find(([pattern]) => pattern.test(line))?.[1] ?? 'odd';
}

/** Every write with what became of it, in the order they were sent; a write's id is its place here. */
export class Ledger {
  readonly size: number;
  /** Writes handed out so far, and writes that are over. */
  issued = 0;
  settled = 0;
  /** Unknown outcomes because of the request timeout. */
  timeouts = 0;
  readonly kind: Uint8Array;
  /** Which counter or list. */
  readonly key: Uint8Array;
  readonly outcome: Uint8Array;
  /** Connection of the client; within one, writes are sent in the order of their ids. */
  readonly session: Uint32Array;
  /** The integer of an OK reply. */
  readonly value: Uint32Array;
  /** The largest integer that had been answered for the key when the write was sent. */
  readonly floor: Uint32Array;
  /** Texts of replies that say more than their class: partly and odd. */
  readonly texts = new Map<number, string>();
  readonly #answered = KINDS.map(() => new Uint32Array(KEYS));

  constructor(size: number) {
    this.size = size;
    this.kind = new Uint8Array(size);
    this.key = new Uint8Array(size);
    this.outcome = new Uint8Array(size);
    this.session = new Uint32Array(size);
    this.value = new Uint32Array(size);
    this.floor = new Uint32Array(size);
  }

  get full(): boolean {
    return this.issued === this.size;
  }

  /** A new write that is sent now; its request is `request(id)`. */
  issue(random: Random, session: number): number {
    const id = this.issued++;
    const share = random.below(100);
    const kind = share < INCR_SHARE ? 0 : share < RPUSH_SHARE ? 1 : 2;
    const key = random.below(KEYS);
    this.kind[id] = kind;
    this.key[id] = key;
    this.session[id] = session;
    this.floor[id] = (this.#answered[kind] as Uint32Array)[key] as number;
    return id;
  }

  request(id: number): string {
    const key = this.key[id] as number;
    const args = {
      incr: () => ['INCR', counterKey(key)],
      rpush: () => ['RPUSH', listKey(key), String(id)],
      mset: () => ['MSET', ...msetKeys(id).flatMap((name) => [name, msetValue(id)])],
    }[this.kindOf(id)]();
    return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
  }

  kindOf(id: number): Kind {
    return KINDS[this.kind[id] as number] as Kind;
  }

  outcomeOf(id: number): Outcome {
    return OUTCOMES[this.outcome[id] as number] as Outcome;
  }

  /** The reply's line, without CRLF. */
  answer(id: number, line: string): Outcome {
    const outcome = outcomeOf(line);
    if (line[0] === ':') {
      const value = Number(line.slice(1));
      const answered = this.#answered[this.kind[id] as number] as Uint32Array;
      const key = this.key[id] as number;
      this.value[id] = value;
      if (value > (answered[key] as number)) answered[key] = value;
    }
    // An integer says nothing of an MSET, nor OK of the others.
    const fits = outcome !== 'ok' || (line === '+OK') === (this.kindOf(id) === 'mset');
    if (outcome === 'partly' || outcome === 'odd' || !fits) this.texts.set(id, line);
    if (line.includes('did not answer in time')) this.timeouts++;
    this.settle(id, fits ? outcome : 'odd');
    return outcome;
  }

  settle(id: number, outcome: Outcome): void {
    this.outcome[id] = OUTCOMES.indexOf(outcome);
    this.settled++;
  }

  /** How many writes of each kind had each outcome. */
  counts(): Record<Kind, Partial<Record<Outcome, number>>> {
    const counts: Record<Kind, Partial<Record<Outcome, number>>> = { incr: {}, rpush: {}, mset: {} };
    for (let id = 0; id < this.issued; id++) {
      const row = counts[this.kindOf(id)];
      const outcome = this.outcomeOf(id);
      row[outcome] = (row[outcome] ?? 0) + 1;
    }
    return counts;
  }
}
