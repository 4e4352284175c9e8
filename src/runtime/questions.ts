import type { Finding } from '../downstream/local/client-question.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

/** A worker that asks and is asked. */
export interface Respondent {
  post(message: ToWorker): void;
}

/** A question that waits for answers. */
interface Open<W> {
  readonly asker: W;
  /** The asker's number of it. */
  readonly ask: number;
  /** Who is to answer. */
  readonly awaited: Set<W>;
  readonly findings: Finding[];
  /** Names of those that will not answer in time. */
  readonly silent: string[];
  late: NodeJS.Timeout | undefined;
}

interface Known {
  readonly name: string;
  /** Questions sent and not answered, late ones too. */
  owed: number;
}

/** A worker that has not answered by then counts as silent and ignores the question later. Some thousand clients take a tenth. */
const DEADLINE_MS = 1000;
/** A worker that owes so many answers is not asked until it has given some: it hangs, and messages to it pile up here. */
const OWED_MAX = 64;

/** Passes on what a client of one worker asks about those of the others, and what they answer, together. */
export class Questions<W extends Respondent> {
  /** Workers that may have clients. */
  readonly #known = new Map<W, Known>();
  readonly #open = new Map<number, Open<W>>();
  #last = 0;

  /** The worker is in service as number `worker`. */
  join(respondent: W, worker: number): void {
    this.#known.set(respondent, { name: `worker ${worker}`, owed: 0 });
  }

  /** It is no more, and its clients neither. */
  retire(respondent: W): void {
    this.#known.delete(respondent);
    for (const [number, open] of this.#open) {
      if (open.asker === respondent) this.#forget(number, open);
      else this.#heard(number, open, respondent, null);
    }
  }

  ask(asker: W, { ask, pool, question }: ToPrimary & { type: 'ask' }): void {
    const number = ++this.#last;
    const open: Open<W> = { asker, ask, awaited: new Set(), findings: [], silent: [], late: undefined };
    const until = Date.now() + DEADLINE_MS;
    for (const [other, known] of this.#known) {
      if (other === asker) continue;
      if (known.owed >= OWED_MAX) {
        open.silent.push(known.name);
        continue;
      }
      known.owed++;
      open.awaited.add(other);
      other.post({ type: 'question', ask: number, until, pool, question });
    }
    this.#open.set(number, open);
    if (open.awaited.size === 0) this.#settle(number, open);
    else open.late = setTimeout(() => this.#settle(number, open), DEADLINE_MS);
  }

  /** `finding` is null where it came too late. */
  answer(respondent: W, { ask, finding }: ToPrimary & { type: 'answer' }): void {
    const known = this.#known.get(respondent);
    if (known !== undefined) known.owed--;
    const open = this.#open.get(ask);
    if (open === undefined) return;
    if (finding === null) open.silent.push(known?.name ?? '');
    this.#heard(ask, open, respondent, finding);
  }

  #heard(number: number, open: Open<W>, respondent: W, finding: Finding | null): void {
    if (!open.awaited.delete(respondent)) return;
    if (finding !== null) open.findings.push(finding);
    if (open.awaited.size === 0) this.#settle(number, open);
  }

  /** Who is still awaited has not answered in time. */
  #settle(number: number, open: Open<W>): void {
    this.#forget(number, open);
    const { asker, ask, findings, silent, awaited } = open;
    for (const each of awaited) silent.push(this.#known.get(each)?.name ?? '');
    asker.post({ type: 'answers', ask, findings, silent: silent.sort().join(', ') });
  }

  #forget(number: number, { late }: Open<W>): void {
    clearTimeout(late);
    this.#open.delete(number);
  }
}
