import type { ToWorker, WorkerReport } from './messages.ts';
import type { Totals } from './totals.ts';

export interface Reporter {
  post(message: ToWorker): void;
}

/** Who does not answer by then is shown by its last report. */
const DEADLINE_MS = 250;

/** Keeps the totals up to date: asks the workers where somebody wants to know. */
export class Reports<W extends Reporter> {
  readonly totals: Totals<W>;
  /** Workers that have reported and are not gone. */
  readonly #known = new Set<W>();
  /** Who is asked, by number of the question. */
  readonly #asked = new Map<number, { readonly worker: W; readonly answered: () => void }>();
  #lastAsk = 0;

  constructor(totals: Totals<W>) {
    this.totals = totals;
  }

  report(worker: W, answers: number, report: WorkerReport): void {
    this.#known.add(worker);
    this.totals.report(worker, report);
    this.#asked.get(answers)?.answered();
  }

  retire(worker: W): void {
    this.#known.delete(worker);
    this.totals.retire(worker);
    for (const question of this.#asked.values()) if (question.worker === worker) question.answered();
  }

  /** Resolves when every worker has reported, is gone or is late. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#known].map((worker) => this.#ask(worker)));
  }

  #ask(worker: W): Promise<void> {
    const ask = ++this.#lastAsk;
    return new Promise((resolve) => {
      const answered = (): void => {
        clearTimeout(late);
        this.#asked.delete(ask);
        resolve();
      };
      const late = setTimeout(answered, DEADLINE_MS);
      this.#asked.set(ask, { worker, answered });
      worker.post({ type: 'report', ask });
    });
  }
}
