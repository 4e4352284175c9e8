import type { ErrorCode } from '../../errors.ts';
import { encodeRequest, PING } from '../../protocol/multibulk.ts';
import { Backoff } from '../../upstream/backoff.ts';
import type { Connection } from '../../upstream/connection.ts';
import type { Keeper } from '../../upstream/connection-contract.ts';
import type { SharedLane } from '../../upstream/lane.ts';
import type { LeaseTaker } from '../../upstream/leases.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import { type Kind, WORDS } from './frames.ts';

/** Waits before a lost connection is asked for again. */
const RETRY = { minMs: 50, maxMs: 1000 };

/** Why a subscription failed: keyfan's error, or the node's own words (a whole error reply). */
export type Failure = { readonly code: ErrorCode } | { readonly reply: Buffer };

export interface FeedOwner {
  /** A push of RESP3. To be copied. */
  onMessage(buf: Buffer, start: number, end: number): void;
}

/** Names that are subscribed to, or unsubscribed from, together. */
interface Order {
  readonly word: string;
  readonly names: readonly string[];
  /** Called once, when the node has carried it out or will not. */
  readonly done: (failure: Failure | null) => void;
  /** The connection is of no use where it cannot be sent. */
  readonly vital: boolean;
}

/**
 * One session's subscriptions at one node, on a connection of its own that speaks RESP3. There confirmations are pushes, which answer no
 * request; so a PING behind each SUBSCRIBE and UNSUBSCRIBE tells when the node has carried it out. A connection that is lost is asked for again,
 * until the subscriptions are back.
 */
export class Feed implements LeaseTaker, Keeper, ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly #lane: SharedLane;
  readonly #owner: FeedOwner;
  readonly #names: Readonly<Record<Kind, Set<string>>> = { channel: new Set(), pattern: new Set(), shard: new Set() };
  readonly #backoff = new Backoff(RETRY);
  #connection: Connection | null = null;
  #waiting = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  /** Waits for the connection. */
  #line: Order[] = [];
  /** Waits for the node, by token. */
  readonly #asked = new Map<number, Order>();
  #token = 0;

  constructor(lane: SharedLane, owner: FeedOwner) {
    this.#lane = lane;
    this.#owner = owner;
  }

  /** Names, as latin1; `done` is called once, possibly at once. */
  subscribe(kind: Kind, names: readonly string[], done: (failure: Failure | null) => void): void {
    const told = (failure: Failure | null): void => {
      if (failure === null) for (const name of names) this.#names[kind].add(name);
      done(failure);
    };
    this.#line.push({ word: WORDS[kind].subscribe, names, done: told, vital: false });
    if (this.#connection !== null) this.#sendLine();
    else if (!this.#waiting) this.#ask();
  }

  /** `done` is called once, possibly at once: what the node has sent for these names has come then, and nothing more will. */
  unsubscribe(kind: Kind, names: readonly string[], done: () => void): void {
    // At once: where the connection is lost meanwhile, they are not to come back.
    for (const name of names) this.#names[kind].delete(name);
    if (this.#connection === null) {
      done();
      this.#closeIfEmpty();
    } else {
      this.#lane.countRequests(1);
      this.#send({ word: WORDS[kind].unsubscribe, names, done, vital: true });
    }
  }

  get isEmpty(): boolean {
    return this.#line.length === 0 && this.#asked.size === 0 && Object.values(this.#names).every(({ size }) => size === 0);
  }

  #ask(): void {
    this.#waiting = true;
    this.#lane.reserve(this);
  }

  onLease(connection: Connection): void {
    this.#waiting = false;
    if (this.#closed) {
      this.#lane.giveBack(connection);
      return;
    }
    this.#connection = connection;
    connection.keeper = this;
    this.#resubscribe();
    this.#sendLine();
  }

  onNoLease(code: ErrorCode): void {
    this.#waiting = false;
    const line = this.#line;
    this.#line = [];
    for (const { done } of line) done({ code });
    this.#askLater();
  }

  /** What was subscribed to before the connection was lost. */
  #resubscribe(): void {
    for (const kind of Object.keys(this.#names) as Kind[]) {
      const names = [...this.#names[kind]];
      if (names.length > 0) this.#send({ word: WORDS[kind].subscribe, names, done: () => {}, vital: true });
    }
  }

  #sendLine(): void {
    const line = this.#line;
    this.#line = [];
    this.#lane.countRequests(line.length);
    for (const order of line) this.#send(order);
  }

  #send(order: Order): void {
    const request = encodeRequest([order.word, ...order.names.map((name) => Buffer.from(name, 'latin1'))]);
    const both = Buffer.concat([request, PING]);
    const token = this.#token++ | 0;
    this.#asked.set(token, order);
    const connection = this.#connection;
    if (connection?.send(both, 0, both.length, this, token, true) !== true) this.onFailure(token, connection?.refusal ?? 'not_sent');
  }

  onReply(token: number, buf: Buffer, start: number, end: number): boolean {
    const order = this.#asked.get(token);
    this.#asked.delete(token);
    if (buf.toString('latin1', start, end) === '+PONG\r\n') {
      this.#backoff.reset();
      order?.done(null);
    } else {
      // The node refused it: the PING's reply is still to come, on a connection that nobody needs any more.
      const reply = Buffer.from(buf.subarray(start, end));
      this.#giveUp('a subscription was refused');
      order?.done({ reply });
    }
    this.#closeIfEmpty();
    return true;
  }

  onFailure(token: number, code: ErrorCode): void {
    const order = this.#asked.get(token);
    this.#asked.delete(token);
    // A node that is late with this is late with messages, too; and one that could not be told must not go on sending what nobody wants.
    if (code === 'timeout' || (code === 'queue_full' && order?.vital === true)) this.#giveUp('a subscription could not be seen through');
    order?.done({ code });
    this.#closeIfEmpty();
  }

  /** Before whoever waits is told: nothing comes from there behind a confirmation, and nothing more is sent. */
  #giveUp(why: string): void {
    this.#connection?.destroy('connection_lost', why);
  }

  /** The last name has been unsubscribed from, and nothing is on its way. */
  #closeIfEmpty(): void {
    if (!this.#closed && this.isEmpty) this.close();
  }

  onPush(buf: Buffer, start: number, end: number): void {
    if (!this.#closed) this.#owner.onMessage(buf, start, end);
  }

  onIdle(): void {}

  onLost(): void {
    this.#connection = null;
    if (!this.#closed && !this.isEmpty) this.#lane.countLostSubscriptions();
    this.#askLater();
  }

  #askLater(): void {
    if (this.#closed || this.isEmpty || this.#waiting || this.#connection !== null) return;
    this.#waiting = true;
    this.#retry = setTimeout(() => this.#ask(), this.#backoff.next());
  }

  /** Nothing is wanted from the node any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#lane.cancel(this);
    this.#connection?.destroy('connection_lost', 'nothing is subscribed to any more');
  }

  get closed(): boolean {
    return this.#closed;
  }
}
