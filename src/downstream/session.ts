import { type ErrorCode, errorText } from '../errors.ts';
import type { DisconnectReason } from '../observe/disconnects.ts';
import { Scan } from '../protocol/bytes.ts';
import { errorReply } from '../protocol/encode.ts';
import type { RequestView } from '../protocol/request.ts';
import { RequestScanner } from '../protocol/request-scanner.ts';
import type { Part, PartTaker } from '../upstream/target.ts';
import { clock, tick } from '../util/clock.ts';
import { Intake, type IntakeOwner } from '../util/intake.ts';
import type { ClientSocket } from '../util/light-socket.ts';
import { Account, type Member } from '../util/memory.ts';
import { Reading } from '../util/reading.ts';
import type { Flushable } from '../util/turn.ts';
import { adopt } from './adopt.ts';
import { Held } from './held.ts';
import { Lanes, type LanesOwner } from './lanes.ts';
import { breakOff } from './linger.ts';
import { Pace } from './pace.ts';
import { ReadAhead } from './read-ahead.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { SessionContext } from './session-context.ts';
import { SessionState } from './session-state.ts';
import type { Uploader } from './upload.ts';
import { Uploads } from './uploads.ts';

/** Unsent bytes beyond which a client that is sent messages is disconnected, as Redis does by default. */
const PUSHED_MAX = 32 * 1024 * 1024;

/**
 * One connected client.
 *
 *   socket ─▶ Intake ─▶ RequestScanner ─┬─▶ dispatch ─▶ …fragments…
 *                                       └─▶ Upload (a large request, in parts) ─▶ node
 *                  │ opens a place                │ settle(token)
 *   socket ◀────────────────────── ReplyWriter ◀──┘
 */
export class Session extends SessionState implements Uploader, PartTaker, IntakeOwner, LanesOwner, Member, Flushable {
  readonly owner = this;
  readonly parts = this;
  readonly id: number;
  readonly socket: ClientSocket;
  /** Time of the last bytes from the client; see clock.ts. */
  lastReadAt = tick();
  readonly lanes: Lanes;
  readonly #context: SessionContext<Session>;
  readonly #scanner: RequestScanner;
  readonly pace: Pace;
  readonly #intake = new Intake(this);
  readonly #writer: ReplyWriter;
  readonly #reading: Reading;
  readonly #ahead: ReadAhead;
  readonly #uploads: Uploads;
  readonly #held = new Held();
  readonly #account: Account;
  /** Not handling requests because of a limit; what was read waits in the intake. */
  #paused = false;
  /** Take nothing new; close when everything read so far is answered. */
  #draining = false;
  /** No further request is handled; what is owed is still answered. */
  #closing = false;
  /** Our FIN is sent (or the socket is gone). */
  #ended = false;

  constructor(id: number, accepted: ClientSocket, context: SessionContext<Session>) {
    super();
    this.id = id;
    this.#context = context;
    this.#scanner = new RequestScanner({ bulkMax: context.limits.bulkMax, routing: context.routing });
    this.#uploads = new Uploads(this, this.#intake, this.#scanner);
    this.lanes = new Lanes(context.lanes, this);
    this.pace = new Pace(context.limits, context.pace);
    this.#account = new Account(context.memory, this);
    this.socket = adopt(accepted, this.#intake, (size, buf) => this.#onRead(size, buf));
    this.#reading = new Reading(this.socket, context.turn, () => 'client');
    this.#ahead = new ReadAhead(context.memory, context.limits.queryBytesMax);
    this.#writer = new ReplyWriter(this.socket, context, this);
    this.authenticated = !context.authRequired;
    this.socket.on('end', () => this.#onEnd());
    this.socket.on('close', () => this.#onClose());
  }

  get authenticated(): boolean {
    return this.#scanner.authenticated;
  }

  set authenticated(value: boolean) {
    this.#scanner.authenticated = value;
    this.#writer.limit(this.#context.limits.unsentBytesMax, value);
  }

  /** Further requests that may be handled now, as far as their number and the replies unsent go. */
  get room(): number {
    const writer = this.#writer;
    return this.#closing || writer.waitingBytes > writer.pauseAt ? 0 : this.pace.window - writer.owed;
  }

  /** Replies owed to the client. */
  get inFlight(): number {
    return this.#writer.owed;
  }

  /** Reply bytes the client has not taken yet. */
  get unsentBytes(): number {
    return this.#writer.unsentBytes;
  }

  /** Bytes of requests that are not handled yet. */
  get queryBytes(): number {
    return this.#intake.carry.length + this.#scanner.heldBytes + this.#uploads.collectedBytes + (this.transaction?.heldBytes ?? 0);
  }

  get needed(): number {
    return this.#scanner.needed;
  }

  /** The first `size` bytes of `buf` came from the client. */
  #onRead(size: number, buf: Buffer): void {
    this.lastReadAt = tick();
    this.#reading.spend(size);
    if (this.#closing) return;
    if (this.pace.asksBulk && this.inFlight === 0 && !this.#paused) this.#writer.credit.see();
    this.#intake.accept(buf, size);
    this.#scanner.release();
    this.#writer.batch.next();
    const carried = this.#intake.carry.length;
    if (carried > this.#context.limits.queryBytesMax) this.destroy('query_limit');
    else if (carried > 0 || this.transaction !== null || this.#account.bytes > 0) this.#tellHeld();
  }

  /** Handles the whole requests in `src[from, to)` and passes on what has come of a large one; returns the offset behind what was used. */
  process(src: Buffer, from: number, to: number): number {
    const scanner = this.#scanner;
    scanner.begin();
    let at = from;
    while (at < to && !this.#closing) {
      if (this.#mustWait()) {
        this.#pause();
        return at;
      }
      const start = at;
      at = this.#context.forward(this, scanner, src, start, to);
      if (at > start) continue;
      const verdict = scanner.scan(src, at, to);
      if (verdict === Scan.MORE) {
        at = scanner.next;
        return this.#uploads.wanted ? this.#uploadSome(src, at, to) : at;
      }
      at = scanner.next;
      if (verdict === Scan.ERROR) {
        this.#uploads.abort();
        this.fail(this.open(), 'protocol', scanner.error);
        this.close();
      } else if (this.#uploads.active) {
        this.barrier = this.#uploads.last(src, start, at);
        this.#tellHeld();
      } else {
        this.#context.dispatch(this, scanner);
        if (this.parked) {
          this.parked = false;
          this.#pause();
          // What it waits for may have come already.
          this.#context.turn.mark(this);
          return start;
        }
      }
    }
    return this.#closing ? to : at;
  }

  /** True where a limit is reached: of replies owed, of replies unsent (keyfan's own can be a thousand times as large as their requests), of an upload. */
  #mustWait(): boolean {
    const { owed, sink, waitingBytes, pauseAt } = this.#writer;
    // Its place is open or will be: the window has let it in.
    if (this.#uploads.active) return !this.#uploads.ready;
    if (this.barrier) {
      if (owed > 0 || this.lanes.waiting || this.onHold) return true;
      this.barrier = false;
    }
    if (!this.pace.admits(owed) || waitingBytes > pauseAt) return true;
    if (this.pace.single) return owed > 0 || sink.full || (this.pace.asksBulk && !this.#writer.trusts());
    return sink.full && this.#context.memory.tight;
  }

  #uploadSome(src: Buffer, at: number, to: number): number {
    const end = this.#uploads.some(src, at, to, (argsDeclared) => this.#context.route(this, this.#scanner, argsDeclared));
    this.#tellHeld();
    if (!this.#uploads.ready) this.#pause();
    return end;
  }

  onLaneReady(): void {
    if (this.#paused) this.#context.turn.mark(this);
  }

  /** CLIENT REPLY: whether what follows is answered. */
  mute(mode: 'on' | 'off' | 'skip'): void {
    this.#writer.mute(mode);
  }

  /** Puts bytes between two replies; to be copied. */
  onPush(buf: Buffer, start: number, end: number, when: 'now' | 'behind' = 'now'): void {
    if (this.#ended) return;
    this.#writer.push(buf, start, end, when);
    this.#context.turn.mark(this);
    if (this.unsentBytes > PUSHED_MAX) this.destroy('slow_subscriber');
  }

  /** What it is about may be among the replies that wait, and must not be taken for newer than it is. */
  onInvalidation(buf: Buffer, start: number, end: number): void {
    this.onPush(buf, start, end, 'behind');
  }

  /** True where the frame of the request at hand may be queued as a view: its buffer is then left to the view. */
  give(view: RequestView): boolean {
    return this.#intake.give(view.buf, view.base, view.limit);
  }

  /** Opens the place of the request at hand in the reply queue. `gathers`: several nodes answer it. */
  open(gathers = false): number {
    return this.#writer.open(gathers);
  }

  /** Answers the request at hand at once. */
  reply(bytes: Buffer): void {
    this.#settle(this.open(), bytes, 0, bytes.length, false);
  }

  /** Answers the place `token` with an error of keyfan's own. */
  fail(token: number, code: ErrorCode, detail?: string): void {
    this.#context.counters.countError(code);
    const bytes = errorReply(errorText(code, detail));
    this.#settle(token, bytes, 0, bytes.length, false);
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.pace.learn(end - start);
    return this.#settle(token, buf, start, end, given);
  }

  #settle(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (this.#ended) return false;
    const writer = this.#writer;
    writer.settle(token, buf, start, end, given);
    if (writer.heldBytes > writer.unsentMax) this.#checkUnsent();
    if (!this.#lingers()) this.#context.turn.mark(this);
    return true;
  }

  onPart(token: number, part: Part): boolean {
    if (this.#ended) return false;
    this.#writer.settlePart(token, part);
    this.pace.learnPart(part.total, part.last);
    if (!part.last && part.source !== null && this.unsentBytes > this.#writer.unsentMax) this.#held.hold(part.source);
    if (this.#writer.readyBytes > 0 || (part.last && (this.#paused || this.#closing))) this.#context.turn.mark(this);
    else this.#checkUnsent();
    return true;
  }

  /** Nothing that follows would make sense to the client. */
  onCutOff(_token: number): void {
    if (!this.#ended) this.destroy('cut_off');
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    if (!this.#ended) this.fail(token, code, detail);
    if (this.#writer.owed === 0) this.pace.release();
  }

  /** Whether what is to be sent waits for the rest of its batch. One that is paused does not: its window may have grown. */
  #lingers(): boolean {
    return !this.#paused && !this.#closing && this.#writer.lingers();
  }

  flush(): void {
    if (this.#ended || this.#lingers()) return;
    const writer = this.#writer;
    writer.flush();
    const unsent = writer.sink.writableLength;
    if ((unsent > 0 || this.#account.bytes > 0) && !this.#checkUnsent()) return;
    if (unsent > writer.pauseAt) this.#pause();
    this.#resume();
    writer.batch.next();
    // A reply that came with the end of the pause is sent first.
    if (this.#closing && writer.owed === 0 && writer.readyBytes === 0) {
      this.#ended = true;
      writer.end(this.halfClosed);
    }
  }

  /** False where the client had to be disconnected for not taking its replies. */
  #checkUnsent(): boolean {
    this.#tellHeld();
    if (!this.#ended && !this.authenticated && this.unsentBytes > this.#writer.unsentMax) this.destroy('unauthenticated');
    return !this.#ended;
  }

  /** Tells what is held for this client; that may disconnect the client that most is held for. */
  #tellHeld(): void {
    this.#account.set(this.#ended ? 0 : this.unsentBytes + this.queryBytes);
  }

  /** Disconnects a client that stopped in the middle of a request, or of taking what it was sent, for longer than these times. */
  expire(requestMs: number, stallMs: number): void {
    if (this.#ended) return;
    if (this.#writer.credit.wanted) this.#context.turn.mark(this);
    if (this.#paused && this.waits && !this.#closing) {
      this.#ahead.widen(this.#intake.carry.length);
      this.#pause();
    }
    const begun = this.#uploads.active || this.#intake.carry.length > 0;
    if (begun && !this.#paused && !this.#reading.resting && clock.now - this.lastReadAt > requestMs) this.destroy('request_timeout');
    else if (clock.now - this.#writer.stalledSince(this.pace.asksBulk) > this.#held.patienceMs(stallMs)) this.destroy('stalled');
  }

  letGo(): void {
    this.destroy('memory');
  }

  #pause(): void {
    this.#paused = true;
    if (this.waits && this.#ahead.allows(this.#intake.carry.length)) this.#reading.go();
    else this.#reading.stop();
  }

  /** Goes on where `#pause` stopped, once half of what is allowed is free again. */
  #resume(): void {
    if (this.#ended) return;
    if (this.#writer.sink.writableLength > this.#writer.pauseAt) return;
    this.#held.release();
    if (!this.#paused || (!this.#uploads.active && this.#writer.owed > this.pace.window / 2)) return;
    this.#uploads.advance();
    if (this.#mustWait()) return;
    tick();
    this.#paused = false;
    this.#ahead.reset();
    if (!this.#closing) this.#intake.resume();
    this.#scanner.release();
    if (this.#paused) return;
    if (this.#draining) this.close();
    else this.#reading.go();
  }

  #onEnd(): void {
    this.halfClosed = true;
    if (this.blocked === null) {
      this.drain();
      return;
    }
    // What was answered before is the client's; what is read after this must not be given to who has left.
    this.#writer.flush();
    this.destroy(null);
    this.lanes.close();
  }

  /** Takes nothing new; requests that were read are answered, then the client is disconnected. */
  drain(): void {
    this.#draining = true;
    if (!this.#paused) this.close();
  }

  /** Handles no further request, answers what is owed and disconnects. `reason` as for `destroy`. */
  close(reason: DisconnectReason | null = null): void {
    if (this.#closing) return;
    this.#closing = true;
    if (reason !== null) this.blame(reason, this.socket);
    this.#stopReading();
    // Reading goes on and finds no taker: unread bytes would make the kernel send RST and lose the last replies.
    this.#reading.go();
    if (this.#writer.owed === 0) this.#context.turn.mark(this);
  }

  /** What was read and not handled is dropped, a half request with it. */
  #stopReading(): void {
    this.#uploads.abort();
    this.#intake.close();
  }

  /** Disconnects now. `reason` is null where the client has done nothing to be told of. */
  destroy(reason: DisconnectReason | null): void {
    if (reason !== null) this.blame(reason, this.socket);
    // Whoever lingers was promised its last replies, and a socket that is shutting down cannot be reset.
    if (reason !== null && !this.#ended && (this.#writer.sink.full || reason === 'stalled')) breakOff(this.socket);
    else this.socket.destroy();
    this.#closing = true;
    this.#ended = true;
    this.#tellHeld();
    this.#held.release();
  }

  #onClose(): void {
    this.destroy(null);
    this.#stopReading();
    this.#writer.clear();
    this.lanes.close();
    this.subscriptions?.close();
    this.pace.release();
    this.#context.closed(this);
  }
}
