import { wireText } from '../errors.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { beginning, discreet } from './discreet.ts';
import type { Identity } from './identity.ts';
import type { ReplyTarget } from './target.ts';

export interface Credentials {
  readonly username?: string | undefined;
  readonly password: string;
}

/** Verdict on a node that answered the handshake: it serves, it answers but is not in service yet, or it refuses us. */
export type Greeting = 'serving' | 'busy' | 'refused';

/** Error words of a node that is alive but does not serve yet: requests pass, and get this answer from the node itself. */
const BUSY_WORDS = ['LOADING', 'BUSY', 'MASTERDOWN', 'NOREPLICAS', 'MISCONF'];

/** So much of a node's answer is looked at, and so much is shown: whoever looks for a secret has to see all of it. */
const ANSWER_MAX = 64 * 1024;
const DETAIL_MAX = 200;

interface Step {
  readonly name: string;
  readonly request: Buffer;
}

/** What sets one connection apart from another, as far as it has to be said to the node. */
export interface Introduction {
  readonly credentials: Credentials | undefined;
  readonly identity: Identity;
  /** Asks for the node's id of the connection. */
  readonly wantsId: boolean;
}

/** Credentials first: nothing else is allowed before. */
function stepsFor({ credentials, identity, wantsId }: Introduction): Step[] {
  const steps: string[][] = [];
  if (credentials?.username !== undefined) steps.push(['AUTH', credentials.username, credentials.password]);
  else if (credentials !== undefined) steps.push(['AUTH', credentials.password]);
  if (identity.protocol === 3) steps.push(['HELLO', '3']);
  if (identity.database > 0) steps.push(['SELECT', String(identity.database)]);
  if (wantsId) steps.push(['CLIENT', 'ID']);
  steps.push(['PING']);
  return steps.map((words) => ({ name: words[0] as string, request: encodeRequest(words) }));
}

/**
 * What keyfan says first on a new connection, PING last. Each command owns an in-flight entry like any other; the first refusal
 * decides. Requests wait until it is done.
 */
export class Handshake implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly #steps: readonly Step[];
  /** Username and password as they would be read in an answer; empty where there are none. */
  readonly #secrets: readonly string[];
  readonly #done: (greeting: Greeting, detail: string) => void;
  #decided = false;
  /** The node's id of the connection; 0 where it was not asked or did not tell. */
  clientId = 0;

  /** `done` is called once; `detail` names the step and quotes the node's answer, never a secret. */
  constructor(introduction: Introduction, done: (greeting: Greeting, detail: string) => void) {
    this.#steps = stepsFor(introduction);
    const { credentials } = introduction;
    this.#secrets = credentials === undefined ? [] : [wireText(credentials.username ?? ''), wireText(credentials.password)];
    this.#done = done;
  }

  get count(): number {
    return this.#steps.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#steps.map((step) => step.request));
  }

  onReply(token: number, buf: Buffer, start: number, end: number): boolean {
    if (this.#decided) return true;
    const answer = buf.toString('latin1', start, Math.min(end - 2, start + ANSWER_MAX));
    const step = this.#steps[token] as Step;
    const detail = this.#detail(step, answer.slice(1));
    if (step.name === 'CLIENT') {
      // A node where that is not allowed serves all the same.
      if (answer.startsWith(':')) this.clientId = Number(answer.slice(1));
    } else if (answer.startsWith('-')) {
      const word = answer.slice(1).split(' ', 1)[0] as string;
      this.#decide(BUSY_WORDS.includes(word) ? 'busy' : 'refused', detail);
    } else if (token === this.#steps.length - 1) {
      this.#decide(answer === '+PONG' ? 'serving' : 'refused', detail);
    }
    return true;
  }

  /** How what came in its place begins, where that is no reply; never a secret. */
  beginning(buf: Buffer, start: number, end: number): string {
    return beginning(buf.toString('latin1', start, Math.min(end, start + ANSWER_MAX)), this.#secrets);
  }

  #detail({ name }: Step, said: string): string {
    // A peer that greets unasked shifts the answers: that to AUTH may come in the place of another one's.
    const password = this.#secrets.at(-1) ?? '';
    const tells = name === 'AUTH' || (password !== '' && said.includes(password));
    const shown = tells ? discreet(said, this.#secrets) : said;
    return `${name}: ${shown.slice(0, DETAIL_MAX)}`;
  }

  /** The connection died or was too slow; its owner hears of that itself. */
  onFailure(): void {
    this.#decided = true;
  }

  #decide(greeting: Greeting, detail: string): void {
    this.#decided = true;
    this.#done(greeting, detail);
  }
}
