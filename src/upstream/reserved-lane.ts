import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '../errors.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import type { OutBuffer } from '../util/out-buffer.ts';
import type { Connection } from './connection.ts';
import type { Keeper } from './connection-contract.ts';
import type { SharedLane } from './lane.ts';
import type { Lane } from './lane-contract.ts';
import type { LeaseTaker } from './leases.ts';
import { SWALLOW } from './swallow.ts';
import type { ReplyTarget } from './target.ts';

/** Whoever reserved a connection hears of it. */
export interface Reserver {
  /** The connection is there (`lane.connection`), or will not be (`lane.failure`). */
  onReserved(lane: ReservedLane): void;
  /** The lane has no connection any more: it was given back, or is lost. */
  onReleased(lane: ReservedLane): void;
  /** The node said something unasked, in RESP3. To be copied. */
  onPush(buf: Buffer, start: number, end: number): void;
  /** A connection that was to be kept is lost. */
  onKeptLost(): void;
}

/** Nobody can guess what a fence is answered with. */
const SECRET = randomBytes(12).toString('hex');
let nextFence = 0;
/** How a node refuses whatever it is asked; looked for in so many bytes. */
const REFUSED = /^-(BUSY|LOADING|MASTERDOWN|NOAUTH|NOPERM) /;
const REFUSAL_BYTES = 16;

/**
 * A session's own connection to one node.
 *
 *   waiting ──▶ ready ──idle and not pinned──▶ given back
 *      └─▶ failed  └──────────────────────────▶ lost
 */
export class ReservedLane implements Lane, LeaseTaker, Keeper, ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly node: string;
  /** Place of the node in the topology. */
  readonly index: number;
  /** Watched keys keep the connection from being given back. */
  pinned = false;
  /** CLIENT TRACKING does, too. */
  kept = false;
  connection: Connection | null = null;
  /** Why there is no connection; null before that is known, and where there was one. */
  failure: ErrorCode | null = null;
  readonly #lane: SharedLane;
  readonly #reserver: Reserver;
  #abandoned = false;
  #used = false;
  /** Something was sent that may wait at the node. */
  #untimed = false;
  #fences: { readonly token: number; readonly answer: string }[] = [];

  constructor(index: number, lane: SharedLane, reserver: Reserver) {
    this.index = index;
    this.node = lane.node;
    this.#lane = lane;
    this.#reserver = reserver;
  }

  /** See `SharedLane.epoch`. */
  get epoch(): number {
    return this.#lane.epoch;
  }

  /** Asks for the connection; `Reserver.onReserved` may be called before this returns. */
  begin(): void {
    this.#lane.reserve(this);
  }

  onLease(connection: Connection): void {
    if (this.#abandoned) {
      this.#lane.giveBack(connection);
      return;
    }
    this.connection = connection;
    connection.keeper = this;
    this.#reserver.onReserved(this);
  }

  onNoLease(code: ErrorCode): void {
    this.failure = code;
    if (!this.#abandoned) this.#reserver.onReserved(this);
  }

  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    const accepted = !this.#lane.isFullFor(end - start) && this.#use()?.send(buf, start, end, target, token, given) === true;
    this.#account(1, accepted, target, token);
  }

  /** As `send`, for a request that may take as long as it likes. */
  sendUntimed(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number): void {
    const accepted = this.#use()?.send(buf, start, end, target, token, false) === true;
    if (accepted) this.connection?.postpone();
    this.#untimed = true;
    this.#account(1, accepted, target, token);
  }

  sendAlone(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    this.send(buf, start, end, target, token, given);
  }

  sendAside(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    this.send(buf, start, end, target, token, given);
  }

  sendCollected(request: OutBuffer, target: ReplyTarget, token: number): void {
    this.#account(1, this.#use()?.sendCollected(request, target, token) === true, target, token);
  }

  sendBatch(requests: OutBuffer, count: number, others: ReplyTarget, target: ReplyTarget, token: number): void {
    const accepted = !this.#lane.isFullFor(requests.length) && this.#use()?.sendBatch(requests, count, others, target, token) === true;
    this.#account(count, accepted, target, token);
  }

  #use(): Connection | null {
    this.#used = true;
    return this.connection;
  }

  #account(count: number, accepted: boolean, target: ReplyTarget, token: number): void {
    const { connection } = this;
    if (connection !== null) this.#lane.countRequests(count);
    if (!accepted) this.#lane.refuse(connection?.refusal ?? 'not_sent', target, token);
  }

  lease(taker: LeaseTaker): void {
    const connection = this.#use();
    if (connection === null) {
      taker.onNoLease('not_sent');
      return;
    }
    this.#lane.countRequests(1);
    taker.onLease(connection);
  }

  /** Nobody waits here. */
  cancel(): void {}

  /** What was sent last may have been answered with more than one reply: the connection goes back only if nothing else comes before this is answered. */
  fence(): void {
    const answer = `${SECRET}${nextFence++}`;
    const token = nextFence | 0;
    const request = encodeRequest(['PING', answer]);
    this.#fences.push({ token, answer: `$${answer.length}\r\n${answer}\r\n` });
    if (this.#use()?.sendBehind(request, this, token) !== true) this.onFailure();
  }

  /** Tells the node what the state of the connection is from now on; nobody hears the answer. */
  tell(request: Buffer): void {
    this.#use()?.sendBehind(request, SWALLOW, 0);
  }

  onReply(token: number, buf: Buffer, start: number, end: number): boolean {
    const fence = this.#fences.shift();
    if (fence?.token === token && buf.toString('latin1', start, end) === fence.answer) return true;
    // A node that is busy with another script, or not ready, refuses the fence as well.
    const refused = REFUSED.test(buf.toString('latin1', start, Math.min(end, start + REFUSAL_BYTES)));
    if (refused) this.connection?.destroy('connection_lost', 'what follows a script was refused');
    else this.connection?.destroy('bad_reply', 'more than one reply to a script');
    return true;
  }

  /** The fence will not be answered; the connection is lost, or slow and will be. */
  onFailure(): void {
    this.connection?.destroy('connection_lost', 'a request timed out');
  }

  onIdle(): void {
    if (this.#used && !this.pinned && !this.kept) this.release();
  }

  onLost(): void {
    this.connection = null;
    this.#reserver.onReleased(this);
    if (this.kept) this.#reserver.onKeptLost();
  }

  onPush(buf: Buffer, start: number, end: number): void {
    this.#reserver.onPush(buf, start, end);
  }

  /** Gives the connection back as it is: nothing of the session's state is left there. */
  release(): void {
    const { connection } = this;
    this.connection = null;
    if (connection === null) return;
    this.#lane.giveBack(connection);
    this.#reserver.onReleased(this);
  }

  releaseUnused(): void {
    if (!this.#used && !this.pinned && !this.kept) this.release();
  }

  /** The session has gone: what it left at the node ends with the connection. */
  abandon(): void {
    this.#abandoned = true;
    const { connection } = this;
    if (connection === null) this.#lane.cancel(this);
    else if (this.#used) this.#end(connection);
    else this.release();
  }

  #end(connection: Connection): void {
    if (this.#untimed && connection.inFlight > 0) this.#lane.unblock(connection);
    connection.destroy('connection_lost', 'the client has left');
  }
}
