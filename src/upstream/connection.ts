import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import type { BackendCounters } from '../observe/counters.ts';
import { Scan } from '../protocol/bytes.ts';
import { ReplyScanner } from '../protocol/reply-scanner.ts';
import { Carry } from '../util/carry.ts';
import { clock, tick } from '../util/clock.ts';
import type { Endpoint } from '../util/endpoint.ts';
import { OutBuffer, worthView } from '../util/out-buffer.ts';
import { READ_BUFFER } from '../util/read-buffer.ts';
import type { Flushable, Turn } from '../util/turn.ts';
import { type Credentials, type Greeting, Handshake } from './handshake.ts';
import { InFlightQueue } from './in-flight-queue.ts';
import type { ReplyTarget } from './target.ts';

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly node: string;
  readonly credentials: Credentials | undefined;
  /** For connecting and the handshake together. */
  readonly connectTimeoutMs: number;
  readonly inFlightMax: number;
  readonly queuedBytesMax: number;
}

export interface ConnectionOwner {
  onGreeting(connection: Connection, greeting: Greeting, detail: string): void;
  /** Called once, after everything in flight has been failed. */
  onClosed(connection: Connection, code: ErrorCode, detail: string): void;
}

/**
 * One multiplexed connection to a node, from connect to death; a reconnect makes a new object, so no byte and no entry
 * survives. Requests are accepted at once and written when the handshake is through.
 *
 *   send ─▶ OutBuffer ─(end of turn)─▶ socket ─▶ node
 *     └──▶ InFlightQueue: head owns the next reply ◀─ ReplyScanner ◀─ socket
 */
export class Connection implements Flushable {
  dirty = false;
  /** Time of the last byte from the node; see clock.ts. */
  lastReadAt: number;

  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  readonly #counters: BackendCounters;
  readonly #turn: Turn;
  readonly #socket: Socket;
  readonly #inFlight = new InFlightQueue();
  readonly #out = new OutBuffer();
  readonly #carry = new Carry();
  readonly #scanner = new ReplyScanner();
  readonly #connectTimer: NodeJS.Timeout;
  #greeted = false;
  #closed = false;
  /** Entries before this count have been handed to the kernel, wholly or in part. */
  #written = 0;
  /** The kernel did not take all of the last write. */
  #draining = false;
  /** A view of the carry's buffer was given away while delivering. */
  #gaveAway = false;

  constructor(options: ConnectionOptions, owner: ConnectionOwner, counters: BackendCounters, turn: Turn) {
    this.#options = options;
    this.#owner = owner;
    this.#counters = counters;
    this.#turn = turn;
    this.lastReadAt = tick();
    const handshake = new Handshake(options.credentials, (greeting, detail) => this.#onGreeting(greeting, detail));
    for (let step = 0; step < handshake.count; step++) this.#enter(handshake, step);
    // The connect timeout is theirs; a request's may be shorter.
    this.#inFlight.exempt();
    const onread = { buffer: READ_BUFFER, callback: (size: number) => this.#onRead(size) };
    const target: NetConnectOpts = { ...options.endpoint, noDelay: true, keepAlive: true, onread };
    this.#socket = connect(target);
    this.#socket.on('connect', () => {
      this.#written = handshake.count;
      this.#socket.write(handshake.bytes);
    });
    this.#socket.on('error', (error) => this.destroy('connection_lost', error.message));
    this.#socket.on('close', () => this.destroy('connection_lost', 'closed by the node'));
    this.#socket.on('end', () => this.destroy('connection_lost', 'closed by the node'));
    this.#connectTimer = setTimeout(() => this.destroy('connection_lost', 'timed out while connecting'), options.connectTimeoutMs);
  }

  /** Fragments accepted and not answered, tombstones included. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Bytes accepted and not yet taken by the kernel. */
  get queuedBytes(): number {
    return this.#out.length + this.#socket.writableLength;
  }

  /** Accepts a fragment; false where a limit is reached and nothing was done. `given` as in `OutBuffer.append`. */
  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): boolean {
    if (this.#inFlight.size >= this.#options.inFlightMax || this.#isFull(end - start)) return false;
    this.#enter(target, token);
    this.#out.append(buf, start, end, given);
    if (this.#greeted) this.#turn.mark(this);
    return true;
  }

  /** A request larger than the limit may still pass alone. */
  #isFull(size: number): boolean {
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
    if (this.#closed || !this.#greeted) return;
    this.#written = this.#inFlight.tail;
    this.#out.flush(this.#socket);
    this.#draining = this.#socket.writableLength > 0;
  }

  /** Fails what has waited since before `deadline`; its places stay as tombstones. Returns how many failed. */
  expire(deadline: number): number {
    return this.#inFlight.expire(deadline, (target, token) => this.#fail(target, token, 'timeout'));
  }

  /** Closes now: what was not written is failed as not executed, the rest as unknown. Idempotent. */
  destroy(code: ErrorCode, detail: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#connectTimer);
    this.#socket.destroy();
    this.#out.clear();
    this.#carry.clear();
    const queue = this.#inFlight;
    const { head, tail } = queue;
    queue.head = tail;
    for (let i = head; i < tail; i++) {
      const target = queue.targets[i & queue.mask] as ReplyTarget | null;
      this.#counters.failed++;
      if (target !== null) this.#fail(target, queue.tokens[i & queue.mask] as number, i < this.#written ? code : 'not_sent');
    }
    this.#owner.onClosed(this, code, detail);
  }

  #fail(target: ReplyTarget, token: number, code: ErrorCode): void {
    if (!(target instanceof Handshake)) this.#counters.countError(code);
    target.onFailure(token, code, this.#options.node);
  }

  #onGreeting(greeting: Greeting, detail: string): void {
    clearTimeout(this.#connectTimer);
    if (greeting !== 'refused') {
      this.#greeted = true;
      if (this.#out.length > 0) this.#turn.mark(this);
    }
    this.#owner.onGreeting(this, greeting, detail);
  }

  #onRead(size: number): boolean {
    this.lastReadAt = tick();
    const carry = this.#carry;
    if (carry.length === 0) {
      const used = this.#deliver(READ_BUFFER, 0, size, false);
      if (used < size && !this.#closed) carry.append(READ_BUFFER, used, size, this.#scanner.needed);
    } else {
      carry.append(READ_BUFFER, 0, size, this.#scanner.needed);
      if (carry.length >= this.#scanner.needed) this.#deliverCarried(carry.buf as Buffer);
    }
    return true;
  }

  /** Delivers from the carry, whose buffer may be given away with a large reply. */
  #deliverCarried(buf: Buffer): void {
    const carry = this.#carry;
    this.#gaveAway = false;
    const used = this.#deliver(buf, carry.start, carry.end, true);
    if (this.#closed) return;
    carry.consume(used);
    if (this.#gaveAway) carry.abandon();
  }

  /** Hands each whole reply in `buf[from, to)` to the oldest entry; returns the offset behind the last one. */
  #deliver(buf: Buffer, from: number, to: number, mayGive: boolean): number {
    const scanner = this.#scanner;
    const queue = this.#inFlight;
    const counters = this.#counters;
    const now = clock.now;
    let at = from;
    while (at < to) {
      const verdict = scanner.scan(buf, at, to);
      if (verdict !== Scan.FRAME) {
        if (verdict === Scan.ERROR) this.#desync(`reply cannot be read: ${scanner.error}`);
        break;
      }
      // An entry that was not written yet cannot have been answered.
      if (queue.head >= this.#written) {
        this.#desync('reply without a request');
        break;
      }
      const start = at;
      at = scanner.next;
      const place = queue.head++ & queue.mask;
      const target = queue.targets[place] as ReplyTarget | null;
      if (target === null) {
        counters.dropped++;
        continue;
      }
      queue.targets[place] = null;
      counters.duration.record(now - (queue.sentAt[place] as number));
      const given = mayGive && worthView(at - start, buf);
      if (given) this.#gaveAway = true;
      if (target.onReply(queue.tokens[place] as number, buf, start, at, given)) counters.delivered++;
      else counters.dropped++;
      if (this.#closed) break;
    }
    return at;
  }

  #desync(detail: string): void {
    this.#counters.desyncs++;
    this.destroy('bad_reply', detail);
  }
}
