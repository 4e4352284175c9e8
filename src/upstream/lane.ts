import type { ErrorCode } from '../errors.ts';
import { CLIENT_ID } from '../protocol/multibulk.ts';
import { clock } from '../util/clock.ts';
import type { OutBuffer } from '../util/out-buffer.ts';
import type { Rank } from '../util/rests.ts';
import type { Turn } from '../util/turn.ts';
import { Alone } from './alone.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection-contract.ts';
import type { Greeting } from './handshake.ts';
import type { Identity } from './identity.ts';
import type { Lane, LaneOptions, LaneOwner } from './lane-contract.ts';
import { Leases, type LeaseTaker } from './leases.ts';
import { Newcomers } from './newcomers.ts';
import { SWALLOW } from './swallow.ts';
import type { ReplyTarget } from './target.ts';

/** Smaller requests are bounded by their number. */
const COUNTED_MIN = 64 * 1024;
/** After a handshake that failed no other is tried for so long. */
const RETRY_MS = 100;
/** So many are kept when nobody needs them. */
const FREE_LEASES_MAX = 8;
const FREE_RESERVED_MAX = 64;

/**
 * The connections of one identity to one node.
 *
 *   send ─▶ shared
 *   sendAside ─▶ #newcomers ─▶ the shared one of another lane
 *   sendAlone, lease ─▶ #leases: one request at a time each
 *                       #left: were the shared one until a huge reply came there; what is in flight there is still theirs
 *   reserve ─▶ #reserved: each belongs to one session for as long as its state needs it
 */
export class SharedLane implements Lane, ConnectionOwner<Connection> {
  readonly node: string;
  readonly identity: Identity;
  /** The connection that all sessions share; null while there is none. */
  shared: Connection | null = null;
  /** What the node said to the last handshake that it refused (`STEP: text`), empty where it did not. */
  refusal = '';
  readonly #rank: Rank;
  readonly #options: LaneOptions;
  readonly #owner: LaneOwner<SharedLane>;
  readonly #turn: Turn;
  readonly #leases: Leases;
  readonly #reserved: Leases;
  readonly #newcomers: Newcomers;
  readonly #left = new Set<Connection>();
  /** Reserved ones that were asked for a sign of life, and when. */
  readonly #asked = new Map<Connection, number>();
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(identity: Identity, rank: Rank, options: LaneOptions, owner: LaneOwner<SharedLane>, turn: Turn) {
    this.node = owner.node;
    this.identity = identity;
    this.#rank = rank;
    this.#options = options;
    this.#owner = owner;
    this.#turn = turn;
    this.#leases = new Leases(options.leasesMax, FREE_LEASES_MAX, () => this.#connect());
    this.#reserved = new Leases(options.reservedMax, FREE_RESERVED_MAX, () => this.#connect(true));
    this.#newcomers = new Newcomers(this, options);
  }

  get inFlight(): number {
    return this.#sum((connection) => connection.inFlight);
  }

  get queuedBytes(): number {
    return this.#sum((connection) => connection.queuedBytes) + this.#leases.waitingBytes + this.#newcomers.waitingBytes;
  }

  /** True where a request of `size` bytes is too much beside what waits for the node already on connections that are not shared. The only one never is. */
  isFullFor(size: number): boolean {
    if (size < COUNTED_MIN) return false;
    const queued = this.queuedBytes - (this.shared?.queuedBytes ?? 0);
    return queued >= COUNTED_MIN && queued + size > this.#options.queuedBytesMax;
  }

  /** Connections beside the shared one. */
  get leases(): number {
    return this.#leases.size;
  }

  /** Connections that sessions have to themselves, free ones included. */
  get reserved(): number {
    return this.#reserved.size;
  }

  /** Changes whenever the node may have been started anew. */
  get epoch(): number {
    return this.#owner.counters.reconnects;
  }

  /** What the node would say to a handshake for `database`, as far as that is known (`STEP: text`); empty where it has to be asked. */
  refusalOf(database: number): string {
    return this.#owner.refusedDatabases.refusalOf(database);
  }

  /** Requests were sent on a reserved connection. */
  countRequests(count: number): void {
    this.#owner.counters.requests += count;
  }

  /** A connection with subscriptions was lost. */
  countLostSubscriptions(): void {
    this.#owner.counters.subscriptionsLost++;
  }

  #sum(amount: (connection: Connection) => number): number {
    let sum = this.shared === null ? 0 : amount(this.shared);
    for (const lease of this.#leases.values()) sum += amount(lease);
    for (const connection of this.#reserved.values()) sum += amount(connection);
    return sum;
  }

  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    const usual = this.#left.size === 0 && this.#owner.accepting ? this.shared : null;
    const connection = usual ?? this.#connectionFor(target);
    if (connection === null) this.refuse(this.#absence, target, token);
    else this.#sendOn(connection, buf, start, end, target, token, given);
  }

  #sendOn(connection: Connection, buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    this.#owner.counters.requests++;
    if (!connection.send(buf, start, end, target, token, given)) this.refuse(connection.refusal, target, token);
  }

  sendCollected(request: OutBuffer, target: ReplyTarget, token: number): void {
    const connection = this.#connectionFor(target);
    this.#account(1, connection, connection?.sendCollected(request, target, token) === true, target, token);
  }

  sendBatch(requests: OutBuffer, count: number, others: ReplyTarget, target: ReplyTarget, token: number): void {
    const connection = this.#connectionFor(target);
    this.#account(count, connection, connection?.sendBatch(requests, count, others, target, token) === true, target, token);
  }

  #account(count: number, connection: Connection | null, accepted: boolean, target: ReplyTarget, token: number): void {
    if (connection !== null) this.#owner.counters.requests += count;
    if (!accepted) this.refuse(connection?.refusal ?? this.#absence, target, token);
  }

  sendAlone(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    if (this.isFullFor(end - start)) this.refuse('queue_full', target, token);
    else this.lease(new Alone(this, given ? buf.subarray(start, end) : Buffer.from(buf.subarray(start, end)), target, token));
  }

  sendAside(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    if (this.#owner.accepting) this.#newcomers.send(buf, start, end, target, token, given);
    else this.refuse(this.#absence, target, token);
  }

  /** Sends what a newcomer asks for, on a connection beside the one of known clients where there is one. */
  sendNow(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    const aside = this.#owner.aside(this.identity);
    (aside.openIfNeeded() ? aside : this).send(buf, start, end, target, token, given);
  }

  lease(taker: LeaseTaker): void {
    this.#take(this.#leases, taker);
  }

  /** Gets `taker` a connection that is its own until it is given back with `giveBack` or destroyed. */
  reserve(taker: LeaseTaker): void {
    this.#take(this.#reserved, taker);
  }

  cancel(taker: LeaseTaker): void {
    this.#leases.cancel(taker);
    this.#reserved.cancel(taker);
  }

  /** See `LaneOwner.unblock`. */
  unblock({ clientId }: Connection): void {
    if (clientId > 0) this.#owner.unblock(clientId);
  }

  /** A reserved connection that is as it was: everything is answered, and nothing of its keeper's state is left. */
  giveBack(connection: Connection): void {
    connection.keeper = null;
    this.#reserved.onIdle(connection);
  }

  #take(leases: Leases, taker: LeaseTaker): void {
    if (this.#refuses) {
      this.#owner.counters.countError(this.#absence);
      taker.onNoLease(this.#absence);
      return;
    }
    if (leases === this.#leases) this.countRequests(1);
    leases.take(taker);
  }

  /** The connection on which the order of a target's requests is kept, opened where it has to be; null where none may be. */
  #connectionFor(target: ReplyTarget): Connection | null {
    if (!this.#owner.accepting) return null;
    for (const connection of this.#left) if (connection.carries(target.owner)) return connection;
    return this.shared ?? this.#open();
  }

  /** True where the shared connection can be written to; where there is none, one is opened. */
  openIfNeeded(): boolean {
    const connection = this.shared ?? this.#open();
    return connection?.greeted === true && !connection.closed;
  }

  /** Opens the shared connection where that may be. */
  #open(): Connection | null {
    return this.#refuses ? null : this.connect();
  }

  /** Opens the shared connection. */
  connect(): Connection {
    this.shared = this.#connect();
    return this.shared;
  }

  #connect(reserved = false): Connection {
    return new Connection(
      { ...this.#options, identity: this.identity, reserved, rank: this.#rank },
      this,
      this.#owner.counters,
      this.#turn,
    );
  }

  /** Why there is no connection: a node that is up may still refuse those of this lane. */
  get #absence(): ErrorCode {
    return this.#owner.accepting ? 'not_sent' : 'node_down';
  }

  /** True where no connection may be opened now. */
  get #refuses(): boolean {
    return !this.#owner.accepting || clock.now - this.#refusedAt < RETRY_MS;
  }

  /** Counts the error and answers `target` with it. */
  refuse(code: ErrorCode, target: ReplyTarget, token: number): void {
    this.#owner.counters.countError(code);
    target.onFailure(token, code, this.node);
  }

  /** A lease that is answered goes back. */
  onIdle(connection: Connection): void {
    if (connection.reserved) {
      connection.keeper?.onIdle();
      return;
    }
    this.#left.delete(connection);
    this.#leases.onIdle(connection);
  }

  /** Only what is in flight already has to wait behind the reply; what is to come takes another connection. */
  onHuge(connection: Connection): void {
    if (connection !== this.shared || this.#leases.full) return;
    this.#left.add(connection);
    this.#leases.adopt(connection);
    this.shared = this.#leases.promote() ?? this.#connect();
  }

  onGreeting(connection: Connection, greeting: Greeting, detail: string): void {
    if (greeting === 'refused') {
      if (this.refusal !== detail) this.#owner.onRefused(this, detail);
      this.refusal = detail;
      this.#owner.refusedDatabases.note(this.identity.database, detail);
      this.#refusedAt = clock.now;
      connection.destroy('connection_lost', `handshake refused: ${detail}`);
      return;
    }
    this.refusal = '';
    if (connection === this.shared) this.#owner.onGreeting(this, greeting, detail);
  }

  onClosed(connection: Connection, code: ErrorCode, detail: string): void {
    if (connection === this.shared) {
      this.shared = null;
      this.#owner.onClosed(this, code, detail);
      return;
    }
    if (code === 'bad_reply') this.#owner.onBroken(detail);
    this.#left.delete(connection);
    this.#asked.delete(connection);
    const { keeper } = connection;
    connection.keeper = null;
    const leases = connection.reserved ? this.#reserved : this.#leases;
    // Else the next in line would be tried at once, and the next, where the node refuses connections or is down.
    if (this.#refuses) this.#refuseLine(leases, Number.POSITIVE_INFINITY, this.#absence);
    leases.onClosed(connection);
    keeper?.onLost(detail);
  }

  /** Deadlines of what is beside the shared connection. */
  tick(now: number): void {
    const { requestTimeoutMs, idleMs } = this.#options;
    for (const leases of [this.#leases, this.#reserved]) {
      this.#refuseLine(leases, now - requestTimeoutMs, 'queue_full');
      for (const lease of [...leases.values()]) this.#expire(lease, now - requestTimeoutMs);
      leases.prune(now - idleMs);
    }
    if (this.#owner.accepting) this.#newcomers.refuse(now - requestTimeoutMs, 'queue_full');
    else this.#newcomers.refuse(Number.POSITIVE_INFINITY, this.#absence);
    this.probeReserved(now - idleMs);
  }

  #refuseLine(leases: Leases, deadline: number, code: ErrorCode): void {
    for (let refused = leases.refuse(deadline, code); refused > 0; refused--) this.#owner.counters.countError(code);
  }

  /** Asks reserved connections that have been silent since before `deadline`, with nothing to be answered there, for a sign of life. */
  probeReserved(deadline: number): void {
    for (const connection of this.#reserved.values()) {
      const quiet = connection.keeper !== null && connection.inFlight === 0 && connection.heardAt < deadline;
      if (quiet && connection.sendBehind(CLIENT_ID, SWALLOW, 0)) this.#asked.set(connection, clock.now);
    }
  }

  #expire(lease: Connection, deadline: number): void {
    const askedAt = this.#asked.get(lease);
    if (askedAt !== undefined) {
      this.#expireAsked(lease, askedAt, deadline);
      return;
    }
    // A request that is not whole yet has no deadline, unless the node takes nothing of it.
    if (lease.stalledSince < deadline) {
      this.#owner.onTimeout(this);
      lease.destroy('connection_lost', 'the node takes nothing of a request');
    } else if (lease.expire(deadline) > 0) {
      this.#owner.onTimeout(this);
      if (lease.heardAt < deadline) lease.destroy('connection_lost', 'a request timed out');
    }
  }

  /** One that gives no sign of life is dead; whether the node is, too, shows on the connection that decides. */
  #expireAsked(connection: Connection, askedAt: number, deadline: number): void {
    if (connection.heardAt > askedAt || connection.inFlight === 0) {
      this.#asked.delete(connection);
    } else if (connection.expire(deadline) > 0) {
      connection.destroy('connection_lost', 'gives no sign of life');
      this.#owner.probe();
    }
  }

  /** Deadlines of the shared connection of a lane that does not decide over the health of its node. */
  expireShared(now: number): void {
    const { shared } = this;
    const { requestTimeoutMs, idleMs } = this.#options;
    if (shared === null) return;
    const failed = shared.expire(now - requestTimeoutMs);
    if (failed > 0) this.#owner.onTimeout(this);
    const silentMs = now - shared.heardAt;
    // Nobody probes it, and without it the urgent lane serves.
    if (failed > 0 && this.#rank !== 'urgent' && silentMs > requestTimeoutMs) shared.destroy('connection_lost', 'a request timed out');
    if (silentMs > idleMs && shared.inFlight === 0) shared.destroy('connection_lost', 'not needed any more');
    else if (silentMs > requestTimeoutMs + idleMs) shared.destroy('connection_lost', 'stalled too long');
  }

  stop(): void {
    this.#newcomers.refuse(Number.POSITIVE_INFINITY, 'not_sent');
    this.#leases.stop();
    this.#reserved.stop();
    this.shared?.destroy('connection_lost', 'keyfan is stopping');
  }
}
