import { MERGES, type MergeName } from '../command/merge.ts';
import { ERRORS, type ErrorCode, type Executed, errorText } from '../errors.ts';
import { isError } from '../protocol/element.ts';
import { errorReply } from '../protocol/encode.ts';
import type { ReplyTarget } from '../upstream/target.ts';
import { copyBytes } from '../util/copy.ts';
import { worthView } from '../util/out-buffer.ts';

/** What is known about one fragment once it is settled. */
interface Outcome {
  /** The node's reply, error replies included; absent where none came. */
  readonly reply?: Buffer;
  /** Set where no reply came. */
  readonly code?: ErrorCode;
  /** Set where the fragment failed: whether it ran nevertheless. */
  readonly executed?: Executed;
  /** Set where the fragment failed: text behind `-`. */
  readonly error?: string;
}

/**
 * One request that went out as several fragments. Collects an outcome for each, then answers its place in the
 * session's reply queue once: the merged reply, or an error that never hides what was done.
 */
export class FanOut implements ReplyTarget {
  readonly owner: object;
  /** Merging needs each reply as a whole. */
  readonly parts = null;
  readonly #parent: ReplyTarget;
  readonly #token: number;
  readonly #merge: MergeName;
  readonly #write: boolean;
  readonly #order: Uint16Array;
  readonly #outcomes: Outcome[];
  /** Node name of each fragment. */
  readonly #nodes: readonly string[];
  #missing: number;

  /** `nodes` names the node of each fragment; `order` is described at `Merge`. */
  constructor(parent: ReplyTarget, token: number, merge: MergeName, write: boolean, nodes: readonly string[], order: Uint16Array) {
    this.owner = parent.owner;
    this.#parent = parent;
    this.#token = token;
    this.#merge = merge;
    this.#write = write;
    this.#order = order;
    this.#nodes = nodes;
    this.#outcomes = new Array(nodes.length);
    this.#missing = nodes.length;
  }

  onReply(fragment: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    const reply = given ? buf.subarray(start, end) : Buffer.allocUnsafe(end - start);
    if (!given) copyBytes(reply, 0, buf, start, end);
    if (isError(reply, 0)) {
      this.#settle(fragment, { reply, executed: 'no', error: reply.toString('latin1', 1, reply.length - 2) });
    } else {
      this.#settle(fragment, { reply });
    }
    return true;
  }

  onFailure(fragment: number, code: ErrorCode, node: string): void {
    this.#settle(fragment, { code, executed: ERRORS[code].executed, error: errorText(code, node) });
  }

  #settle(fragment: number, outcome: Outcome): void {
    this.#outcomes[fragment] = outcome;
    if (--this.#missing > 0) return;
    const failed = this.#outcomes.findIndex((each) => each.error !== undefined);
    const done = this.#outcomes.filter((each) => each.error === undefined).map((each) => each.reply as Buffer);
    if (failed >= 0 && (this.#merge !== 'killed' || done.length === 0)) {
      this.#answerFailure(failed);
      return;
    }
    const whole = MERGES[this.#merge](done, this.#order, this.#nodes);
    if (whole === null) this.#parent.onFailure(this.#token, 'bad_reply', this.#nodes.join(', '));
    else this.#parent.onReply(this.#token, whole, 0, whole.length, worthView(whole.length, whole));
  }

  /** A read fails with its first error. A write tells what became of all of its parts. */
  #answerFailure(failed: number): void {
    const done = this.#outcomes.filter((each) => each.error === undefined).length;
    const unknown = this.#outcomes.findIndex((each) => each.executed === 'unknown');
    if (this.#write && done > 0) {
      const first = this.#outcomes[failed] as Outcome;
      const detail = `${done} of ${this.#outcomes.length} parts were done; node ${this.#nodes[failed]}: ${first.error}`;
      this.#parent.onFailure(this.#token, 'partly_executed', detail);
      return;
    }
    const shown = this.#write && unknown >= 0 ? unknown : failed;
    const { reply, code, error } = this.#outcomes[shown] as Outcome;
    if (code !== undefined) {
      this.#parent.onFailure(this.#token, code, this.#nodes[shown] as string);
    } else {
      const bytes = reply ?? errorReply(error as string);
      this.#parent.onReply(this.#token, bytes, 0, bytes.length, false);
    }
  }
}
