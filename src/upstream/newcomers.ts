import type { ErrorCode } from '../errors.ts';
import { clock } from '../util/clock.ts';
import type { Part, PartTaker, ReplyTarget } from './target.ts';

/** What newcomers may be owed by a node at a time, in bytes, by the sizes of the replies seen last. */
const OWED_MAX = 4 * 1024 * 1024;
/** Taken for the size of a reply before there was one. */
const SIZE_ASSUMED = 256 * 1024;
/** Small as the last ones may have been, the next newcomers may be others. */
const SIZE_MIN = 32 * 1024;
/** Where replies are larger than all that: while one is being read the node makes another. */
const WINDOW_MIN = 2;
/** Sizes are remembered as the largest, less an eighth with each smaller one that follows. */
const FADE = 7 / 8;

/** The lane whose newcomers these are. */
interface Sender {
  /** Sends now; as `Lane.send`. */
  sendNow(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void;
  refuse(code: ErrorCode, target: ReplyTarget, token: number): void;
}

interface NewcomersOptions {
  /** Of requests that wait in line. */
  readonly inFlightMax: number;
  readonly queuedBytesMax: number;
}

/**
 * Requests of clients that were answered nothing yet, to one node. What they ask for may be of any size, and a node makes the replies to all
 * that it has read in one go: a thousand of a MiB take it a second, in which it answers nobody. So only a few are sent before what comes back shows that
 * more may be.
 *
 *   send ─▶ window ─▶ node
 *        └▶ line ─┘   as replies come; the window is as wide as OWED_MAX holds replies of their size
 *
 * From the line go in turn the one that has waited longest and the one that came last: else whoever comes behind a thousand would wait for all of them, each time
 * anew where it connects for each request. Two in line are never of one connection, as a newcomer waits for its reply.
 */
export class Newcomers {
  readonly #lane: Sender;
  readonly #options: NewcomersOptions;
  /** Sent, and not answered. */
  #owed = 0;
  /** What a reply may be as large as, by the last ones. */
  #usual = SIZE_ASSUMED;
  #first: Newcomer | null = null;
  #last: Newcomer | null = null;
  #waiting = 0;
  #lastNext = false;
  #advancing = false;
  /** Bytes that wait in line. */
  waitingBytes = 0;

  constructor(lane: Sender, options: NewcomersOptions) {
    this.#lane = lane;
    this.#options = options;
  }

  /** As `Lane.send`. */
  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    const { inFlightMax, queuedBytesMax } = this.#options;
    const newcomer = new Newcomer(this, target, token);
    if (this.#first === null && this.#admits) {
      this.#owed++;
      this.#lane.sendNow(buf, start, end, newcomer, token, given);
    } else if (this.#waiting >= inFlightMax || this.waitingBytes + end - start > queuedBytesMax) {
      this.#lane.refuse('queue_full', target, token);
    } else {
      newcomer.request = given ? buf.subarray(start, end) : Buffer.from(buf.subarray(start, end));
      this.#enter(newcomer);
    }
  }

  get #admits(): boolean {
    return this.#owed < Math.floor(OWED_MAX / this.#usual);
  }

  /** A reply, or what has come of it, is of `size` bytes. */
  learn(size: number): void {
    this.#usual = Math.max(SIZE_MIN, Math.min(size, OWED_MAX / WINDOW_MIN), this.#usual * FADE);
  }

  /** One of those sent was answered, or will not be. */
  onSettled(): void {
    this.#owed--;
    // Who is sent may be refused at once, and end here again.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#first !== null && this.#last !== null && this.#admits) {
      const newcomer = this.#lastNext ? this.#last : this.#first;
      this.#lastNext = !this.#lastNext;
      this.#leave(newcomer);
      const { request, token } = newcomer;
      newcomer.request = NOTHING;
      this.#owed++;
      this.#lane.sendNow(request, 0, request.length, newcomer, token, false);
    }
    this.#advancing = false;
  }

  /** Lets go of what waits in line since before `deadline`. */
  refuse(deadline: number, code: ErrorCode): void {
    for (let oldest = this.#first; oldest !== null && oldest.since < deadline; oldest = this.#first) {
      this.#leave(oldest);
      this.#lane.refuse(code, oldest.target, oldest.token);
    }
  }

  #enter(newcomer: Newcomer): void {
    newcomer.before = this.#last;
    if (this.#last === null) this.#first = newcomer;
    else this.#last.behind = newcomer;
    this.#last = newcomer;
    this.#waiting++;
    this.waitingBytes += newcomer.request.length;
  }

  /** One that stands at an end of the line. */
  #leave(newcomer: Newcomer): void {
    const { before, behind } = newcomer;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    this.#waiting--;
    this.waitingBytes -= newcomer.request.length;
    // It may be owed its reply for long, and must not keep those that stood beside it.
    newcomer.before = null;
    newcomer.behind = null;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** One request, and who waits for the reply. */
class Newcomer implements ReplyTarget, PartTaker {
  readonly owner: object;
  readonly parts: PartTaker | null;
  readonly target: ReplyTarget;
  readonly token: number;
  readonly since = clock.now;
  /** While it waits in line. */
  request = NOTHING;
  before: Newcomer | null = null;
  behind: Newcomer | null = null;
  readonly #all: Newcomers;
  /** Counts no more. */
  #settled = false;

  constructor(all: Newcomers, target: ReplyTarget, token: number) {
    this.#all = all;
    this.target = target;
    this.token = token;
    this.owner = target.owner;
    this.parts = target.parts === null ? null : this;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.#all.learn(end - start);
    const taken = this.target.onReply(token, buf, start, end, given);
    this.#settle();
    return taken;
  }

  onPart(token: number, part: Part): boolean {
    const { last, total, source } = part;
    if (!this.#settled) this.#all.learn(total);
    const taken = this.target.parts?.onPart(token, part) === true;
    // What nobody wants is not offered any further. What may be held up has left the connection to itself: others wait behind it no more.
    if (last || !taken || source !== null) this.#settle();
    return taken;
  }

  onCutOff(token: number): void {
    this.target.parts?.onCutOff(token);
    this.#settle();
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    this.target.onFailure(token, code, detail);
    this.#settle();
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#all.onSettled();
  }
}
