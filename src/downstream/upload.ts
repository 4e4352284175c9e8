import type { ErrorCode } from '../errors.ts';
import type { Connection } from '../upstream/connection.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import type { LeaseTaker } from '../upstream/leases.ts';
import type { Part, PartTaker, ReplyTarget } from '../upstream/target.ts';
import type { Intake } from '../util/intake.ts';
import { OutBuffer } from '../util/out-buffer.ts';
import { LARGE_REQUEST } from './large.ts';

/** What an upload asks of its session. */
export interface Uploader extends ReplyTarget {
  readonly parts: PartTaker;
  /** Its lanes, by node. */
  readonly lanes: { readonly at: readonly Lane[] };
  /** Replies owed to the client for earlier requests. */
  readonly inFlight: number;
  /** Opens the place of the request in the reply queue. */
  open(): number;
  /** What was waited for has come: parts may be added again. */
  onLaneReady(): void;
}

/** With so much waiting for the node the client is not read from. */
const QUEUED_MAX = 256 * 1024;

/**
 * A large request on its way to the one node that its key names.
 *
 *   collecting ──whole──▶ Lane.sendCollected: the shared lane, in order with everything else
 *       │ above LARGE_REQUEST, and once nothing else of the client is in flight
 *   leasing ──▶ passing: each part as it comes ──whole──▶ the reply ends it
 *       └──────────┴─ failed ─▶ dropping: the error stands in its place; the rest of the request is read and dropped
 */
export class Upload implements ReplyTarget, PartTaker, LeaseTaker {
  readonly owner: object;
  readonly parts = this;
  readonly #node: number;
  readonly #session: Uploader;
  readonly #collected = new OutBuffer();
  #state: 'collecting' | 'leasing' | 'passing' | 'dropping' = 'collecting';
  #lease: Connection | null = null;
  /** While leasing: who was asked. */
  #asked: Lane | null = null;
  #token = 0;
  #size = 0;
  #whole = false;

  constructor(session: Uploader, node: number) {
    this.owner = session;
    this.#session = session;
    this.#node = node;
  }

  /** Asked each time: a connection of the session's own goes back when what is in flight there has been answered. */
  get #lane(): Lane {
    return this.#session.lanes.at[this.#node] as Lane;
  }

  /** False where no further part should be added until `onLaneReady`. */
  get ready(): boolean {
    if (this.#state === 'collecting') return this.#collected.length < LARGE_REQUEST;
    if (this.#state === 'passing') return (this.#lease as Connection).queuedBytes < QUEUED_MAX;
    return this.#state === 'dropping';
  }

  /** Bytes that wait here. */
  get collectedBytes(): number {
    return this.#collected.length;
  }

  /** The next part, `buf[start, end)` as it was read through `intake`. */
  take(intake: Intake, buf: Buffer, start: number, end: number, last: boolean): void {
    const chunk = intake.mayHandOn(buf, start, end);
    if (chunk) intake.handedOn();
    this.#size += end - start;
    const part = { buf, start, end, chunk, last, total: this.#size, source: null };
    if (this.#state === 'passing') (this.#lease as Connection).addPart(part);
    else if (this.#state !== 'dropping' || part.chunk) this.#collected.appendPart(part);
    if (this.#state === 'dropping') this.#collected.clear();
  }

  /** Nothing else of the client is in flight: what is too large to be collected may get its lease. */
  advance(): void {
    if (this.#state !== 'collecting' || this.ready || this.#session.inFlight > 0) return;
    this.#state = 'leasing';
    this.#token = this.#session.open();
    this.#asked = this.#lane;
    this.#asked.lease(this);
  }

  /** The last part was added. True where the reply must be waited for before anything else of the client is sent. */
  finish(): boolean {
    this.#whole = true;
    if (this.#state === 'collecting') {
      this.#lane.sendCollected(this.#collected, this.#session, this.#session.open());
      return false;
    }
    if (this.#state === 'passing') (this.#lease as Connection).endRequest();
    return this.#state !== 'dropping';
  }

  /** The client has left, or what it sends is no request any more. */
  abort(): void {
    const lease = this.#whole ? null : this.#lease;
    if (this.#state === 'leasing') this.#asked?.cancel(this);
    this.#fall();
    lease?.destroy('connection_lost', 'the client stopped in the middle of a request');
  }

  onLease(lease: Connection): void {
    if (this.#state !== 'leasing') {
      lease.destroy('connection_lost', 'the client stopped in the middle of a request');
      return;
    }
    this.#state = 'passing';
    this.#lease = lease;
    lease.onDrain = () => this.#session.onLaneReady();
    lease.beginRequest(this.#collected, this, this.#token);
    if (this.#whole) lease.endRequest();
    this.#session.onLaneReady();
  }

  onNoLease(code: ErrorCode): void {
    if (this.#state !== 'leasing') return;
    this.#fall();
    this.#session.onFailure(this.#token, code, this.#lane.node);
    this.#session.onLaneReady();
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    const taken = this.#session.onReply(token, buf, start, end, given);
    this.#answered();
    return taken;
  }

  onPart(token: number, part: Part): boolean {
    const taken = this.#session.parts.onPart(token, part);
    if (part.last || !taken) this.#answered();
    return taken;
  }

  onCutOff(token: number): void {
    this.#session.parts.onCutOff(token);
    this.#answered();
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    // No node runs half a request.
    this.#session.onFailure(token, this.#whole ? code : 'not_sent', detail);
    this.#answered();
  }

  /** The node has spoken, or never will. What it answered to half a request is no reason to send it the other half. */
  #answered(): void {
    this.abort();
    if (!this.#whole) this.#session.onLaneReady();
  }

  #fall(): void {
    this.#state = 'dropping';
    this.#collected.clear();
    if (this.#lease !== null) this.#lease.onDrain = null;
    this.#lease = null;
  }
}
