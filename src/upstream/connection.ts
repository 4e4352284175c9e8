import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import type { BackendCounters } from '../observe/counters.ts';
import { Scan } from '../protocol/bytes.ts';
import { LENGTH_LINE_MAX, REPLY_LINE_MAX, ReplyScanner } from '../protocol/reply-scanner.ts';
import { clock, tick } from '../util/clock.ts';
import { Intake, type IntakeOwner } from '../util/intake.ts';
import { OutBuffer } from '../util/out-buffer.ts';
import { Reading } from '../util/reading.ts';
import { SendProgress } from '../util/send-progress.ts';
import { SocketSink } from '../util/socket-sink.ts';
import { type Flushable, LINGER_MAX, type Turn } from '../util/turn.ts';
import type { ConnectionOptions, ConnectionOwner, Keeper } from './connection-contract.ts';
import { type Greeting, Handshake } from './handshake.ts';
import { InFlightQueue } from './in-flight-queue.ts';
import { ReplyStream, type Streaming } from './reply-stream.ts';
import type { Part, ReplyTarget } from './target.ts';

/** Replies from this size on are passed on in parts, before they are whole, to whom takes parts. */
const STREAM_MIN = 32 * 1024;
/** First byte of what a node says unasked; it answers nothing. */
const PUSH = '>'.charCodeAt(0);
/** A node that is gone without a word shows sooner or later also where a client waits for as long as it likes. */
const KEEP_ALIVE_MS = 60_000;

/**
 * One multiplexed connection to a node, from connect to death; a reconnect makes a new object, so no byte and no entry
 * survives. Requests are accepted at once and written when the handshake is through.
 *
 *   send ─▶ OutBuffer ─(end of turn)─▶ socket ─▶ node
 *     └──▶ InFlightQueue: head owns the next reply ◀─ ReplyScanner ◀─ Intake ◀─ socket
 *              └ a large reply takes its entry out of the queue with its first part: #stream
 */
export class Connection implements Flushable, IntakeOwner, Streaming {
  dirty = false;
  closed = false;
  /** Not the shared one; the owner hears when all is answered. */
  lease: boolean;
  readonly reserved: boolean;
  keeper: Keeper | null = null;
  /** The handshake is through. */
  greeted = false;
  /** Called when the kernel has taken all that was written. */
  onDrain: (() => void) | null = null;

  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner<Connection>;
  readonly #counters: BackendCounters;
  readonly #turn: Turn;
  readonly #socket: Socket;
  readonly #sink: SocketSink;
  readonly #progress: SendProgress;
  readonly #handshake: Handshake;
  readonly #inFlight = new InFlightQueue();
  readonly #out = new OutBuffer('near');
  readonly #scanner = new ReplyScanner();
  readonly #intake = new Intake(this);
  readonly #reading: Reading;
  /** Large replies. */
  readonly #stream: ReplyStream;
  readonly #connectTimer: NodeJS.Timeout;
  /** Time of the last byte from the node. */
  #lastReadAt = tick();
  /** Entries before this count have been handed to the kernel, wholly or in part. */
  #written = 0;
  /** Turns that what is to be sent has waited for more to go with it. */
  #lingered = 0;
  /** The node's reconnects by the time it greeted; see `SharedLane.epoch`. */
  #epoch = 0;
  /** The kernel did not take all of the last write. */
  #draining = false;
  constructor(options: ConnectionOptions, owner: ConnectionOwner<Connection>, counters: BackendCounters, turn: Turn) {
    this.#options = options;
    this.#owner = owner;
    this.#counters = counters;
    this.#turn = turn;
    this.reserved = options.reserved;
    this.lease = options.reserved;
    const { credentials, identity, reserved: wantsId } = options;
    const handshake = new Handshake({ credentials, identity, wantsId }, (greeting, detail) => this.#onGreeting(greeting, detail));
    this.#handshake = handshake;
    // Whatever is no Redis may send one line without end.
    this.#scanner.lineMax = LENGTH_LINE_MAX;
    for (let step = 0; step < handshake.count; step++) this.#enter(handshake, step);
    // The connect timeout is theirs; a request's may be shorter.
    this.#inFlight.exempt();
    const onread = this.#intake.reader((size, buf) => this.#onRead(size, buf)) as OnReadOpts;
    this.#socket = connect({ ...options.endpoint, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, onread });
    this.#sink = new SocketSink(this.#socket);
    this.#progress = new SendProgress(this.#sink, null);
    this.#sink.onDrain = () => this.onDrain?.();
    this.#reading = new Reading(this.#socket, turn, () => (this.lease ? 'bulk' : options.rank));
    this.#stream = new ReplyStream(this, this.#intake, this.#reading, counters);
    this.#socket.on('connect', () => {
      this.#written = handshake.count;
      this.#sink.write(handshake.bytes);
    });
    this.#socket.on('error', (error) => this.destroy('connection_lost', error.message));
    this.#socket.on('close', () => this.destroy('connection_lost', 'closed by the node'));
    this.#socket.on('end', () => this.destroy('connection_lost', 'closed by the node'));
    this.#connectTimer = setTimeout(() => this.destroy('connection_lost', 'timed out while connecting'), options.connectTimeoutMs);
  }

  /** Since when nothing has come from the node, now where that is keyfan's own doing; see clock.ts. */
  get heardAt(): number {
    return this.#stream.held || this.#reading.resting ? clock.now : this.#lastReadAt;
  }

  /** Fragments accepted and not answered, tombstones included. */
  get inFlight(): number {
    return this.#inFlight.size + (this.#stream.active ? 1 : 0);
  }

  /** The node's id of a reserved connection; 0 before it is known, and once the node may have been started anew: somebody else may have it then. */
  get clientId(): number {
    return this.#epoch === this.#counters.reconnects ? this.#handshake.clientId : 0;
  }

  /** Bytes accepted and not yet taken by the kernel. */
  get queuedBytes(): number {
    return this.#out.length + this.#sink.writableLength;
  }

  /** See `IntakeOwner`. */
  get needed(): number {
    return this.#scanner.needed;
  }

  /** True where something of `owner` is in flight. */
  carries(owner: object): boolean {
    const queue = this.#inFlight;
    if (this.#stream.isFor(owner)) return true;
    for (let i = queue.head; i < queue.tail; i++) {
      if ((queue.targets[i & queue.mask] as ReplyTarget | null)?.owner === owner) return true;
    }
    return false;
  }

  /** Accepts a fragment; false where a limit is reached and nothing was done. `given` as in `OutBuffer.append`. */
  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): boolean {
    if (this.#inFlight.size >= this.#options.inFlightMax || this.#isFull(end - start)) return false;
    this.#enter(target, token);
    this.#out.append(buf, start, end, given);
    if (this.greeted) this.#turn.mark(this);
    return true;
  }

  /** As `send`, for a request that lies in an out-buffer, which is emptied. */
  sendCollected(request: OutBuffer, target: ReplyTarget, token: number): boolean {
    return this.sendBatch(request, 1, target, target, token);
  }

  /** As `sendCollected`, for `count` requests as one piece, which may be more than the limit; the replies of all but the last are for `others`. */
  sendBatch(requests: OutBuffer, count: number, others: ReplyTarget, target: ReplyTarget, token: number): boolean {
    if (this.#inFlight.size >= this.#options.inFlightMax || this.#isFull(requests.length)) return false;
    for (let i = 0; i < count - 1; i++) this.#enter(others, i);
    this.#enter(target, token);
    this.#out.absorb(requests);
    if (this.greeted) this.#turn.mark(this);
    return true;
  }

  /** Sends what belongs to the requests before, whatever the limits say; false where nobody will answer any more. */
  sendBehind(request: Buffer, target: ReplyTarget, token: number): boolean {
    if (this.closed) return false;
    this.#enter(target, token);
    this.#out.append(request, 0, request.length, false);
    if (this.greeted) this.#turn.mark(this);
    return true;
  }

  /** Begins a request that comes in parts, with what there is of it; it has no deadline before `endRequest`. For connections that nobody else uses. */
  beginRequest(request: OutBuffer, target: ReplyTarget, token: number): void {
    this.#enter(target, token);
    this.#inFlight.postpone();
    this.#out.absorb(request);
    if (this.greeted) this.#turn.mark(this);
  }

  /** The next part of the request that was begun. */
  addPart(part: Part): void {
    this.#out.appendPart(part);
    if (this.greeted) this.#turn.mark(this);
  }

  /** The request sent last may wait as long as it likes. */
  postpone(): void {
    this.#inFlight.postpone();
  }

  /** All parts have been added: the time of the request begins. */
  endRequest(): void {
    this.#inFlight.stamp(clock.now);
  }

  /** Why `send` and its kin took nothing. */
  get refusal(): ErrorCode {
    return this.closed ? 'not_sent' : 'queue_full';
  }

  /** A request larger than the limit may still pass alone; none where nobody will ever answer: what was in flight is just being failed. */
  #isFull(size: number): boolean {
    if (this.closed) return true;
    const max = this.#options.queuedBytesMax;
    if (this.#out.length + size <= max && !this.#draining) return false;
    const queued = this.queuedBytes;
    return queued > 0 && queued + size > max;
  }

  #enter(target: ReplyTarget, token: number): void {
    this.#inFlight.push(target, token, clock.now);
    this.#counters.sent++;
  }

  flush(): void {
    if (this.closed || !this.greeted) return;
    if (this.#out.length < LINGER_MAX && this.#turn.lingers(this.#lingered)) {
      this.#lingered++;
      this.#turn.mark(this);
      return;
    }
    this.#lingered = 0;
    this.#written = this.#inFlight.tail;
    this.#out.flush(this.#sink);
    this.#draining = this.#sink.writableLength > 0;
    if (this.onDrain !== null && !this.#sink.full) this.onDrain();
  }

  /** Since when the node has taken nothing of what is to be sent: looked at regularly; Infinity where there is nothing. */
  get stalledSince(): number {
    return this.#progress.stalledSince();
  }

  /** Fails what has waited since before `deadline`; its places stay as tombstones. Returns how many failed. */
  expire(deadline: number): number {
    const failed = this.#inFlight.expire(deadline, (target, token) => this.#fail(target, token, 'timeout'));
    if (!this.#stream.active || this.heardAt >= deadline) return failed;
    this.destroy('connection_lost', 'stopped in the middle of a reply');
    return failed + 1;
  }

  /** Closes now: what was not written is failed as not executed, the rest as unknown. Idempotent. */
  destroy(code: ErrorCode, detail: string): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#connectTimer);
    this.#socket.destroy();
    this.#out.clear();
    this.#intake.close();
    if (this.#stream.active) this.#counters.countError(code);
    this.#stream.cutOff();
    this.#counters.failed += this.#inFlight.takeAll((target, token, number) =>
      this.#fail(target, token, number < this.#written ? code : 'not_sent'),
    );
    this.#owner.onClosed(this, code, detail);
    this.onDrain?.();
  }

  #fail(target: ReplyTarget, token: number, code: ErrorCode): void {
    if (!(target instanceof Handshake)) this.#counters.countError(code);
    target.onFailure(token, code, this.#options.node);
  }

  #onGreeting(greeting: Greeting, detail: string): void {
    clearTimeout(this.#connectTimer);
    if (greeting !== 'refused') {
      this.greeted = true;
      this.#epoch = this.#counters.reconnects;
      this.#scanner.lineMax = REPLY_LINE_MAX;
      if (this.#out.length > 0) this.#turn.mark(this);
    }
    this.#owner.onGreeting(this, greeting, detail);
  }

  #onRead(size: number, buf: Buffer): void {
    this.#lastReadAt = tick();
    this.#reading.spend(size);
    const waited = this.inFlight > 0;
    this.#intake.accept(buf, size);
    // A push that comes while nothing is in flight does not make it idle a second time.
    if (!this.lease || !waited || this.inFlight > 0 || this.closed) return;
    // Whoever held the reply up wants nothing more of it, and the next one here must be read.
    this.#stream.resume();
    this.#owner.onIdle(this);
  }

  /** Hands each whole reply in `buf[from, to)`, and of a large one what there is, to the oldest entry; returns the offset behind what was used. */
  process(buf: Buffer, from: number, to: number): number {
    const scanner = this.#scanner;
    const queue = this.#inFlight;
    const counters = this.#counters;
    const now = clock.now;
    let at = from;
    while (at < to) {
      const verdict = scanner.scan(buf, at, to);
      if (verdict !== Scan.FRAME) {
        if (verdict === Scan.ERROR) this.#onUnreadable(buf, at, to);
        else if (!this.#stream.active && queue.head >= this.#written && buf[at] !== PUSH) this.#desync('reply without a request');
        else if (this.#stream.active || scanner.needed >= STREAM_MIN || to - at >= STREAM_MIN) return this.#streamOn(buf, at, to);
        break;
      }
      const start = at;
      at = scanner.next;
      if (this.#stream.active) {
        this.#stream.pass(buf, start, at, true, 0);
        if (this.closed) break;
        continue;
      }
      if (buf[start] === PUSH) {
        this.keeper?.onPush(buf, start, at);
        continue;
      }
      // An entry that was not written yet cannot have been answered.
      if (queue.head >= this.#written) {
        this.#desync('reply without a request');
        break;
      }
      const place = queue.head++ & queue.mask;
      const target = queue.targets[place] as ReplyTarget | null;
      if (target === null) {
        counters.dropped++;
        continue;
      }
      queue.targets[place] = null;
      counters.duration.record(now - (queue.sentAt[place] as number));
      const given = this.#intake.give(buf, start, at);
      if (target.onReply(queue.tokens[place] as number, buf, start, at, given)) counters.delivered++;
      else counters.dropped++;
      if (this.closed) break;
    }
    return at;
  }

  /** Passes on what has come of a reply that is not whole yet, where its taker takes parts. Returns as `process`. */
  #streamOn(buf: Buffer, at: number, to: number): number {
    if (!this.#stream.active) {
      if (buf[at] === PUSH) return at;
      const queue = this.#inFlight;
      const place = queue.head & queue.mask;
      const target = queue.targets[place] as ReplyTarget | null;
      if (target !== null && target.parts === null) return at;
      queue.head++;
      queue.targets[place] = null;
      this.#stream.begin(target, queue.tokens[place] as number);
      if (target !== null) this.#counters.duration.record(clock.now - (queue.sentAt[place] as number));
    }
    const end = this.#scanner.cut(buf, at, to);
    if (end > at) this.#stream.pass(buf, at, end, false, this.#scanner.needed);
    return end;
  }

  get waiting(): number {
    return this.#inFlight.size;
  }

  onHuge(): void {
    this.#owner.onHuge(this);
  }

  onResumed(): void {
    this.#lastReadAt = clock.now;
  }

  /** Whoever does not greet as Redis does has not come out of step: it is something else. */
  #onUnreadable(buf: Buffer, at: number, to: number): void {
    if (this.greeted) {
      this.#desync(`reply cannot be read: ${this.#scanner.error}`);
      return;
    }
    const said = this.#handshake.beginning(buf, at, to);
    this.#onGreeting('refused', `not the protocol of Redis${said === '' ? '' : `: ${said}`}`);
  }

  #desync(detail: string): void {
    this.#counters.desyncs++;
    this.destroy('bad_reply', detail);
  }
}
