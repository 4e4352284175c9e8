import { connect, type Socket } from 'node:net';
import type { Random } from '../support/random.ts';
import { Inbox, Writer } from './bytes.ts';
import { isHeavy, type Kind } from './identity.ts';
import type { Tally } from './tally.ts';

/** How clients behave; one batch in so many (0: never). */
export interface Manners {
  /** Requests of a batch at most. */
  readonly pipelineMax: number;
  /** Leaves in the middle of what it sends, or of what it is sent. */
  readonly leave: number;
  /** Leaves where a batch is not answered after a short while. */
  readonly impatient: number;
  /** Stops reading for some milliseconds. */
  readonly deaf: number;
}

export interface ClientOptions {
  readonly port: number;
  /** For reports: the pool's name. */
  readonly pool: string;
  readonly random: Random;
  readonly tally: Tally;
  readonly manners: Manners;
}

/** Far beyond every timeout in keyfan's configuration: a reply that has not come by then was lost. */
const LOST_MS = 15_000;
const RING = 4096;
const DEAF_MS = 60;
/** One batch in so many of a heavy client, and for longer. */
const DEAF_HEAVY = 3;
const DEAF_HEAVY_MS = 300;
const PIPELINE_HEAVY_MAX = 80;

let clients = 0;
const writer = new Writer();

/** One client after another on the same place: sends batches of requests, has every reply checked, leaves at odd moments, comes back as another. */
export abstract class Client {
  protected readonly options: ClientOptions;
  protected readonly random: Random;
  protected readonly tally: Tally;
  protected readonly inbox = new Inbox();
  /** Number of this connection among all there ever were. */
  protected number = 0;
  /** Of the request that is answered next, and of the one that is sent next. */
  protected head = 0;
  protected tail = 0;
  /** By request: its kind, and its keys. */
  protected readonly kinds = new Uint8Array(RING);
  protected readonly sizes = new Uint16Array(RING);
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** For what `ready` said. */
  #waiting = false;
  #whenIdle: (() => void) | null = null;
  #lastReplyAt = 0;
  /** Leaves when so many requests are left unanswered; -1: does not mean to. */
  #leaveAt = -1;

  constructor(options: ClientOptions) {
    this.options = options;
    this.random = options.random;
    this.tally = options.tally;
  }

  /** Writes one request and opens its place with `expect`. */
  protected abstract request(out: Writer): void;
  /** Judges the reply at the beginning of `inbox`: bytes used, 0 where more is needed, -1 after a crossing. */
  protected abstract check(): number;
  /** The connection is new: nothing is owed. */
  protected abstract begin(): void;
  /** The connection has ended; `inbox` may hold a part of a reply, which must be as the whole would have been. */
  protected abstract endsWell(): boolean;
  /** Before the next batch: what must be waited for. */
  protected ready(): Promise<void> | null {
    return null;
  }

  /** Takes up work. */
  start(): void {
    this.#stopping = false;
    if (this.#socket === null) this.#connect();
    else if (this.head === this.tail && !this.#socket.connecting && !this.#waiting) this.#next();
  }

  /** Resolves when everything that was asked has been answered, and nothing more is asked. */
  pause(): Promise<void> {
    this.#stopping = true;
    if (this.#socket !== null && this.head === this.tail) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#socket === null) this.#connect();
    });
  }

  stop(): void {
    this.#stopping = true;
    this.#drop(false);
  }

  /** Called now and then: nothing may be owed for ever. */
  patrol(now: number): void {
    if (this.#socket === null || this.head === this.tail || now - this.#lastReplyAt < LOST_MS) return;
    this.crossing(`waits for the reply to request ${this.head} for ${LOST_MS / 1000} s`);
    this.leave();
  }

  protected get heavy(): boolean {
    return isHeavy(this.number);
  }

  protected expect(kind: Kind, size: number): void {
    const place = this.tail++ & (RING - 1);
    this.kinds[place] = kind;
    this.sizes[place] = size;
  }

  protected crossing(what: string): void {
    this.tally.crossing(`client ${this.number} (${this.options.pool}): ${what}`);
  }

  #connect(): void {
    this.number = ++clients;
    this.head = 0;
    this.tail = 0;
    this.#leaveAt = -1;
    this.inbox.clear();
    this.begin();
    this.tally.counts.connections++;
    const socket = connect({ port: this.options.port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#lastReplyAt = performance.now();
    socket.on('error', () => {});
    socket.on('connect', () => {
      if (this.#socket === socket) this.#next();
    });
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket === socket) this.#onData(chunk);
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#onClosed();
    });
  }

  #onClosed(): void {
    this.tally.counts.closedByProxy++;
    if (!this.endsWell()) this.crossing(`was left in the middle of a reply that was not its own: ${this.inboxText()}`);
    this.leave();
  }

  protected inboxText(): string {
    const { buf, start, end } = this.inbox;
    return JSON.stringify(buf.toString('latin1', start, Math.min(end, start + 80)));
  }

  /** Leaves without a word, and comes back as another. */
  protected leave(): void {
    this.#drop(this.random.once(2));
    if (this.#whenIdle !== null || !this.#stopping) setImmediate(() => this.#socket === null && this.#connect());
  }

  #drop(reset: boolean): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    if (socket === null) return;
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
  }

  #next(): void {
    if (this.#stopping && this.head === this.tail) {
      const done = this.#whenIdle;
      this.#whenIdle = null;
      done?.();
      return;
    }
    const wait = this.ready();
    if (wait === null) {
      this.#batch();
      return;
    }
    this.#waiting = true;
    const socket = this.#socket;
    void wait.then(() => {
      this.#waiting = false;
      if (this.#socket === socket) this.#next();
    });
  }

  #pipeline(): number {
    const max = Math.min(this.options.manners.pipelineMax, this.heavy ? PIPELINE_HEAVY_MAX : RING);
    const dice = this.random.below(100);
    if (dice < 25) return 1;
    if (dice < 60) return Math.min(max, this.random.between(2, 16));
    if (dice < 97) return Math.min(max, this.random.between(16, 100));
    return Math.min(max, this.random.between(100, 1000));
  }

  #hits(rate: number): boolean {
    return rate > 0 && this.random.once(rate);
  }

  #batch(): void {
    const socket = this.#socket as Socket;
    const { manners, tally } = this.options;
    const count = this.#pipeline();
    for (let i = 0; i < count; i++) this.request(writer);
    const bytes = writer.take();
    this.#lastReplyAt = performance.now();
    clearTimeout(this.#timer);
    if (this.#hits(manners.leave)) {
      tally.counts.clientKills++;
      if (this.random.once(2)) {
        this.#leaveAt = this.tail - this.head - this.random.below(count + 1);
        this.#leaveAt = Math.max(0, this.#leaveAt);
      } else {
        socket.write(bytes.subarray(0, this.random.below(bytes.length + 1)));
        this.#timer = setTimeout(() => this.leave(), this.random.below(6));
        return;
      }
    } else if (this.#hits(manners.impatient)) {
      this.#timer = setTimeout(
        () => {
          tally.counts.clientTimeouts++;
          this.leave();
        },
        this.random.between(1, 60),
      );
    }
    if (this.#hits(this.heavy ? DEAF_HEAVY : manners.deaf)) {
      socket.pause();
      setTimeout(() => socket.resume(), this.random.between(2, this.heavy ? DEAF_HEAVY_MS : DEAF_MS));
    }
    this.#send(socket, bytes);
  }

  /** At once, or in two pieces with a pause between them. */
  #send(socket: Socket, bytes: Buffer): void {
    if (!this.random.once(8)) {
      socket.write(bytes);
      return;
    }
    const cut = this.random.below(bytes.length + 1);
    socket.write(bytes.subarray(0, cut));
    setTimeout(() => socket.writable && socket.write(bytes.subarray(cut)), this.random.below(4));
  }

  #onData(chunk: Buffer): void {
    const inbox = this.inbox;
    inbox.push(chunk);
    while (inbox.start < inbox.end) {
      if (this.head === this.tail) {
        this.crossing(`got bytes that nobody asked for: ${this.inboxText()}`);
        this.leave();
        return;
      }
      const used = this.check();
      if (used === 0) break;
      if (used < 0) {
        this.leave();
        return;
      }
      inbox.start += used;
      this.head++;
      this.#lastReplyAt = performance.now();
      if (this.tail - this.head === this.#leaveAt) {
        this.leave();
        return;
      }
    }
    if (this.head !== this.tail) return;
    clearTimeout(this.#timer);
    this.#next();
  }
}
