import type { Findings, Question } from '../downstream/local/client-question.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

interface Waiting {
  readonly pool: string;
  readonly question: Question;
  readonly answered: (findings: Findings) => void;
}

/** Questions of a worker on their way at a time: what comes back may be large. The others wait here. */
const OPEN_MAX = 16;
/** Beyond so many there is no answer: a client has one question, but those that leave are not called off. */
const WAITING_MAX = 4096;
/** By then the primary has answered, or it hangs. */
const LIMIT_MS = 2000;
const NO_ANSWER: Findings = { findings: [], silent: 'the primary' };

/** A worker's questions about the clients of the other workers. Each is answered, whatever happens. */
export class Asking {
  readonly #post: (message: ToPrimary) => void;
  readonly #limitMs: number;
  readonly #waiting: Waiting[] = [];
  readonly #open = new Map<number, { readonly answered: (findings: Findings) => void; readonly late: NodeJS.Timeout }>();
  #last = 0;

  constructor(post: (message: ToPrimary) => void, limitMs = LIMIT_MS) {
    this.#post = post;
    this.#limitMs = limitMs;
  }

  ask(pool: string, question: Question): Promise<Findings> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve(NO_ANSWER);
    return new Promise((answered) => {
      this.#waiting.push({ pool, question, answered });
      this.#next();
    });
  }

  answer({ ask, findings, silent }: ToWorker & { type: 'answers' }): void {
    this.#close(ask, { findings, silent });
  }

  #next(): void {
    while (this.#open.size < OPEN_MAX) {
      const first = this.#waiting.shift();
      if (first === undefined) return;
      const { pool, question, answered } = first;
      const ask = ++this.#last;
      this.#open.set(ask, { answered, late: setTimeout(() => this.#close(ask, NO_ANSWER), this.#limitMs) });
      this.#post({ type: 'ask', ask, pool, question });
    }
  }

  #close(ask: number, findings: Findings): void {
    const open = this.#open.get(ask);
    if (open === undefined) return;
    clearTimeout(open.late);
    this.#open.delete(ask);
    open.answered(findings);
    this.#next();
  }
}
