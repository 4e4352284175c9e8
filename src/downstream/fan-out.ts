import { MERGES, type MergeName } from '../command/merge.ts';
import { ERRORS, type ErrorCode, type Executed, wireText } from '../errors.ts';
import { BYTES, OUT_AT } from '../kernel/memory.ts';
import { isError } from '../protocol/element.ts';
import type { Part, ReplyTarget } from '../upstream/target.ts';
import { chunkOf, giveChunk } from '../util/chunk-pool.ts';
import { worthView } from '../util/out-buffer.ts';
import { Collected } from './collected.ts';

/** What a node says to SCRIPT KILL and FUNCTION KILL where none runs. */
const NOTHING_RUNS = /^NOTBUSY /;
const NO_ORDER: Uint16Array = new Uint16Array(0);

/** Knows the name of a node, as lanes do. */
export interface Named {
  readonly node: string;
}

/** Why a fragment has failed. */
interface Failure {
  /** Absent where its node has answered, with an error. */
  readonly code?: ErrorCode;
  /** Whether it ran nevertheless. */
  readonly executed: Executed;
  /** What is said of it where other parts were done. */
  readonly cause: string;
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
  readonly #collected: Collected;
  /** Of each fragment: whoever can tell the name of its node. */
  readonly #nodes: readonly Named[];
  /** By fragment. */
  #failures: (Failure | undefined)[] | null = null;
  #missing: number;

  /** `nodes` has the node of each fragment; `order`, for the first `keys` elements, is described at `Merge` and is copied. */
  constructor(parent: ReplyTarget, token: number, merge: MergeName, write: boolean, nodes: readonly Named[], order = NO_ORDER, keys = 0) {
    this.owner = parent.owner;
    this.#parent = parent;
    this.#token = token;
    this.#merge = merge;
    this.#write = write;
    this.#nodes = nodes;
    this.#collected = new Collected(nodes.length, order, keys);
    this.#missing = nodes.length;
  }

  onReply(fragment: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.#collected.put(fragment, buf, start, end, given);
    if (isError(buf, start)) this.#note(fragment, { executed: 'no', cause: buf.toString('latin1', start + 1, end - 2) });
    this.#settle();
    return true;
  }

  onFailure(fragment: number, code: ErrorCode): void {
    const { executed } = ERRORS[code];
    // Not the words of the error as a whole: whoever looks for "was not executed" must not find them.
    const cause = `${code}, its part ${executed === 'unknown' ? 'may have run' : 'did not run'}`;
    this.#note(fragment, { code, executed, cause });
    this.#settle();
  }

  #note(fragment: number, failure: Failure): void {
    this.#failures ??= new Array(this.#nodes.length).fill(undefined);
    this.#failures[fragment] = failure;
  }

  #settle(): void {
    if (--this.#missing > 0) return;
    const failures = this.#failures;
    const end = this.#merge === 'array' && failures === null ? this.#collected.merge() : 0;
    if (end > 0) this.#parent.onReply(this.#token, BYTES, OUT_AT, end, false);
    else if (failures === null) this.#answer(this.#nodes.map((_, fragment) => this.#collected.get(fragment)));
    else this.#answerInPart(failures);
    this.#collected.release();
  }

  #answer(replies: readonly Buffer[]): void {
    const names = this.#nodes.map(({ node }) => node);
    const whole = MERGES[this.#merge](replies, this.#collected.order, names);
    if (whole === null) this.#parent.onFailure(this.#token, 'bad_reply', names.join(', '));
    else if (replies.includes(whole)) this.#parent.onReply(this.#token, whole, 0, whole.length, false);
    else this.#deliver(whole);
  }

  /** Answers with what nobody else has: one that fills most of its chunk leaves in that. */
  #deliver(whole: Buffer): void {
    const { parts } = this.#parent;
    const { length, byteOffset: start } = whole;
    const chunk = chunkOf(whole);
    if (chunk === null) {
      this.#parent.onReply(this.#token, whole, 0, length, worthView(length, whole));
    } else if (parts === null || !worthView(length, chunk)) {
      this.#parent.onReply(this.#token, whole, 0, length, false);
      giveChunk(chunk);
    } else {
      const part: Part = { buf: chunk, start, end: start + length, chunk: true, last: true, total: length, source: null };
      if (!parts.onPart(this.#token, part)) giveChunk(chunk);
    }
  }

  #answerInPart(failures: readonly (Failure | undefined)[]): void {
    const done = [...failures.keys()].filter((fragment) => failures[fragment] === undefined);
    if (this.#merge === 'killed' && done.length > 0) this.#answer(done.map((fragment) => this.#collected.get(fragment)));
    else this.#answerFailure(failures, done.length);
  }

  /** A read fails with its first error. A write tells what became of all of its parts. That a node has nothing to kill tells nothing where another has, or may have. */
  #answerFailure(failures: readonly (Failure | undefined)[], done: number): void {
    const telling = failures.findIndex(
      (failure) => failure !== undefined && !(this.#merge === 'killed' && NOTHING_RUNS.test(failure.cause)),
    );
    const first = telling >= 0 ? telling : failures.findIndex((failure) => failure !== undefined);
    const unknown = failures.findIndex((failure) => failure?.executed === 'unknown');
    const nameOf = (fragment: number): string => (this.#nodes[fragment] as Named).node;
    if (this.#write && done > 0) {
      const detail = `${done} of ${failures.length} parts were done; node ${wireText(nameOf(first))}: ${failures[first]?.cause}`;
      this.#parent.onFailure(this.#token, 'partly_executed', detail);
      return;
    }
    const shown = this.#write && unknown >= 0 ? unknown : first;
    const code = failures[shown]?.code;
    if (code !== undefined) {
      this.#parent.onFailure(this.#token, code, nameOf(shown));
      return;
    }
    const bytes = this.#collected.get(shown);
    this.#parent.onReply(this.#token, bytes, 0, bytes.length, false);
  }
}
