import type { Socket } from 'node:net';
import type { CommandRow } from '../command/row.ts';
import { type ErrorCode, errorText } from '../errors.ts';
import type { PoolCounters } from '../observe/counters.ts';
import { Scan } from '../protocol/bytes.ts';
import { errorReply } from '../protocol/encode.ts';
import type { RequestView } from '../protocol/request.ts';
import { RequestScanner } from '../protocol/request-scanner.ts';
import type { ReplyTarget } from '../upstream/target.ts';
import { Carry } from '../util/carry.ts';
import { clock, tick } from '../util/clock.ts';
import { OutBuffer, worthView } from '../util/out-buffer.ts';
import { READ_BUFFER } from '../util/read-buffer.ts';
import type { Flushable, Turn } from '../util/turn.ts';
import { ReplyQueue } from './reply-queue.ts';

export interface SessionLimits {
  /** Requests waiting for replies; at this number keyfan stops reading from the client until half are answered. */
  readonly inFlightMax: number;
  /** Unsent reply bytes beyond which the client is disconnected. */
  readonly unsentBytesMax: number;
  /** Bytes read and not handled beyond which the client is disconnected; a request of any size up to this is read whole. */
  readonly queryBytesMax: number;
  /** Redis' proto-max-bulk-len. */
  readonly bulkMax: number;
}

/** What a session needs of its surroundings; one object for all sessions of a pool. */
export interface SessionContext {
  readonly limits: SessionLimits;
  readonly counters: PoolCounters;
  readonly turn: Turn;
  /** True where clients must authenticate. */
  readonly authRequired: boolean;
  dispatch(session: Session, view: RequestView): void;
  /** Called once. `reason` is for the log; empty for an ordinary end. */
  closed(session: Session, reason: string): void;
}

/** How long a closing session waits: for the client to take more of its last replies, then for it to close its side, too. */
const LINGER_MS = 1000;
/** Whoever has not authenticated gets no more memory than this for replies it does not read, in bytes. */
const UNAUTHENTICATED_UNSENT_MAX = 32 * 1024;

/**
 * One connected client.
 *
 *   socket ─▶ RequestScanner ─▶ dispatch ─▶ …fragments…
 *                  │ opens a place                │ settle(token)
 *   socket ◀─ OutBuffer ◀──────────── ReplyQueue ◀┘
 */
export class Session implements ReplyTarget, Flushable {
  dirty = false;
  readonly id: number;
  readonly socket: Socket;
  readonly connectedAt = Date.now();
  /** Set by CLIENT SETNAME and SETINFO. */
  name = '';
  libName = '';
  libVersion = '';
  user = 'default';
  /** Row of the last request. */
  lastCommand: CommandRow | null = null;
  /** Time of the last bytes from the client; see clock.ts. */
  lastReadAt: number;

  readonly #context: SessionContext;
  readonly #scanner: RequestScanner;
  /** Unsent reply bytes beyond which the client is disconnected, and beyond which keyfan reads no more from it. */
  #unsentMax = 0;
  #pauseAt = 0;
  readonly #carry = new Carry();
  readonly #replies = new ReplyQueue();
  readonly #out = new OutBuffer();
  /** Not handling requests because of a limit; what was read waits in the carry. */
  #paused = false;
  /** Take nothing new; close when everything read so far is answered. */
  #draining = false;
  /** No further request is handled; what is owed is still answered. */
  #closing = false;
  /** Our FIN is sent (or the socket is gone). */
  #ended = false;
  /** What is to be sent has waited for one turn already. */
  #lingering = false;
  /** The request at hand lies in the carry's buffer, which may be given away. */
  #owned = false;
  #gaveAway = false;
  /** Largest reply since the client had last taken everything: one reply of any size may always wait. */
  #largestReply = 0;
  /** Why keyfan disconnected the client; empty where it did not. */
  #reason = '';
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(id: number, socket: Socket, context: SessionContext) {
    this.id = id;
    this.socket = socket;
    this.#context = context;
    this.#scanner = new RequestScanner({ bulkMax: context.limits.bulkMax });
    this.authenticated = !context.authRequired;
    this.lastReadAt = tick();
    socket.on('error', () => {});
    socket.on('end', () => this.drain());
    socket.on('drain', () => this.#resume());
    socket.on('close', () => this.#onClose());
  }

  get authenticated(): boolean {
    return this.#scanner.authenticated;
  }

  set authenticated(value: boolean) {
    this.#scanner.authenticated = value;
    this.#unsentMax = value ? this.#context.limits.unsentBytesMax : UNAUTHENTICATED_UNSENT_MAX;
    // Below its high-water mark a socket does not tell when it has drained.
    this.#pauseAt = Math.max(this.#unsentMax / 2, this.socket.writableHighWaterMark);
  }

  /** Replies owed to the client. */
  get inFlight(): number {
    return this.#replies.length;
  }

  /** Reply bytes the client has not taken yet. */
  get unsentBytes(): number {
    return this.#replies.heldBytes + this.#out.length + this.socket.writableLength;
  }

  /** Bytes of requests that are not handled yet. */
  get queryBytes(): number {
    return this.#carry.length;
  }

  /** The first `size` bytes of READ_BUFFER came from the client. */
  onRead(size: number): void {
    this.lastReadAt = tick();
    if (this.#closing) return;
    const carry = this.#carry;
    if (carry.length === 0) {
      this.#owned = false;
      const used = this.#process(READ_BUFFER, 0, size);
      if (used < size) carry.append(READ_BUFFER, used, size, this.#scanner.needed);
    } else {
      carry.append(READ_BUFFER, 0, size, this.#scanner.needed);
      if (!this.#paused && carry.length >= this.#scanner.needed) this.#processCarry();
      if (carry.length > this.#context.limits.queryBytesMax) this.destroy('request above client_query');
    }
  }

  #processCarry(): void {
    const carry = this.#carry;
    this.#owned = true;
    this.#gaveAway = false;
    const used = this.#process(carry.buf as Buffer, carry.start, carry.end);
    if (this.#closing) return;
    carry.consume(used);
    if (this.#gaveAway) carry.abandon();
  }

  /** Handles the whole requests in `src[from, to)`; returns the offset behind what was used. */
  #process(src: Buffer, from: number, to: number): number {
    const scanner = this.#scanner;
    const inFlightMax = this.#context.limits.inFlightMax;
    const pauseAt = this.#pauseAt;
    const replies = this.#replies;
    let at = from;
    while (at < to) {
      // Replies of keyfan's own can be a thousand times as large as their requests.
      if (replies.length >= inFlightMax || replies.heldBytes + this.#out.length > pauseAt) {
        this.#pause();
        return at;
      }
      const verdict = scanner.scan(src, at, to);
      at = scanner.next;
      if (verdict === Scan.MORE) return at;
      if (verdict === Scan.ERROR) {
        this.fail(this.open(), 'protocol', scanner.error);
        this.close();
      } else {
        this.#context.dispatch(this, scanner);
      }
      if (this.#closing) return to;
    }
    return at;
  }

  /** True where the frame of the request at hand may be queued as a view: its buffer is then left to the view. */
  give(view: RequestView): boolean {
    if (!this.#owned || !worthView(view.limit - view.base, view.buf)) return false;
    this.#gaveAway = true;
    return true;
  }

  /** Opens the place of the request at hand in the reply queue. */
  open(): number {
    return this.#replies.open(clock.now);
  }

  /** Answers the request at hand at once. */
  reply(bytes: Buffer): void {
    this.onReply(this.open(), bytes, 0, bytes.length, false);
  }

  /** Answers the place `token` with an error of keyfan's own. */
  fail(token: number, code: ErrorCode, detail?: string): void {
    this.#context.counters.countError(code);
    const bytes = errorReply(errorText(code, detail));
    this.onReply(token, bytes, 0, bytes.length, false);
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (this.#ended) return false;
    const replies = this.#replies;
    this.#context.counters.duration.record(clock.now - replies.openedAt(token));
    if (end - start > this.#largestReply) this.#largestReply = end - start;
    replies.settle(token, buf, start, end, given, this.#out);
    if (this.#out.length > 0) this.#context.turn.mark(this);
    else if (replies.heldBytes > this.#unsentMax) this.#checkUnsent();
    return true;
  }

  onFailure(token: number, code: ErrorCode, detail: string): void {
    if (!this.#ended) this.fail(token, code, detail);
  }

  flush(): void {
    if (this.#ended) return;
    if (this.#replies.length > 0 && !this.#lingering) {
      // More replies are to come: one turn later they may leave in the same write.
      this.#lingering = true;
      this.#context.turn.mark(this);
      return;
    }
    this.#lingering = false;
    this.#out.flush(this.socket);
    const unsent = this.socket.writableLength;
    if (unsent === 0) this.#largestReply = 0;
    else if (!this.#checkUnsent()) return;
    else if (unsent > this.#pauseAt) this.#pause();
    if (this.#paused) this.#resume();
    if (this.#closing && this.#replies.length === 0) this.#end();
  }

  /** False where the client had to be disconnected for not taking its replies. */
  #checkUnsent(): boolean {
    if (this.unsentBytes <= this.#unsentMax + this.#largestReply) return true;
    this.destroy('unsent replies above client_unsent');
    return false;
  }

  #pause(): void {
    this.#paused = true;
    this.socket.pause();
  }

  /** Goes on where `#pause` stopped, once half of what is allowed is free again. */
  #resume(): void {
    if (!this.#paused || this.#ended) return;
    if (this.#replies.length > this.#context.limits.inFlightMax / 2 || this.socket.writableLength > this.#pauseAt) return;
    tick();
    this.#paused = false;
    if (!this.#closing && this.#carry.length > 0) this.#processCarry();
    if (this.#paused) return;
    if (this.#draining) this.close();
    else this.socket.resume();
  }

  /** Takes nothing new; requests that were read are answered, then the client is disconnected. */
  drain(): void {
    this.#draining = true;
    if (!this.#paused) this.close();
  }

  /** Handles no further request, answers what is owed and disconnects. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#carry.clear();
    // Reading goes on and finds no taker: unread bytes would make the kernel send RST and lose the last replies.
    this.socket.resume();
    if (this.#replies.length === 0) this.#context.turn.mark(this);
  }

  #end(): void {
    this.#ended = true;
    // A socket's timeout begins anew while a large write makes progress.
    this.socket.setTimeout(LINGER_MS, () => this.socket.destroy());
    this.socket.end(() => {
      if (!this.socket.destroyed) this.#lingerTimer = setTimeout(() => this.socket.destroy(), LINGER_MS);
    });
  }

  /** Disconnects now. */
  destroy(reason: string): void {
    this.#reason = reason;
    this.#closing = true;
    this.#ended = true;
    this.socket.destroy();
  }

  #onClose(): void {
    clearTimeout(this.#lingerTimer);
    this.#closing = true;
    this.#ended = true;
    this.#carry.clear();
    this.#out.clear();
    this.#context.closed(this, this.#reason);
  }
}
