import type { ErrorCode } from '../errors.ts';
import { BackendCounters } from '../observe/counters.ts';
import type { Log } from '../observe/log.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { clock } from '../util/clock.ts';
import { type Endpoint, formatEndpoint } from '../util/endpoint.ts';
import type { OutBuffer } from '../util/out-buffer.ts';
import type { Turn } from '../util/turn.ts';
import { Alone } from './alone.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { Connection } from './connection.ts';
import type { Credentials, Greeting } from './handshake.ts';
import { Leases, type LeaseTaker } from './leases.ts';
import type { ReplyTarget } from './target.ts';

export interface BackendOptions {
  readonly node: string;
  readonly endpoint: Endpoint;
  readonly credentials: Credentials | undefined;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A connection without traffic for so long is probed with PING; one that stalls for so long is replaced. */
  readonly idleMs: number;
  readonly inFlightMax: number;
  readonly queuedBytesMax: number;
  /** Connections beside the shared one. */
  readonly leasesMax: number;
  readonly reconnect: BackoffOptions;
}

/** Told about what health depends on. */
export interface BackendWatcher {
  /** The node could not be reached, dropped the connection or let a request time out. */
  onTrouble(backend: Backend): void;
  /** The node proved that it serves: PING was answered with PONG on a fresh connection or after a stall. */
  onServing(backend: Backend): void;
}

/** A connection that lived so long earns an immediate reconnect; a shorter life waits for the backoff. */
const STEADY_MS = 1000;
const PING = encodeRequest(['PING']);

/**
 * `connecting`: requests are queued behind the handshake. `up`: requests pass. `stalled`: a request timed out and nothing
 * was heard since; requests are refused at once, what is in flight serves as the probe. `down`: the last attempt failed; requests
 * are refused at once while attempts go on in the background.
 */
export type BackendState = 'stopped' | 'connecting' | 'up' | 'stalled' | 'down';

/**
 * Our live handle on a node: the shared connection, leases beside it, its health, its counters.
 *
 *   send ─▶ #connection (shared; decides over `state`)
 *   sendAlone, lease ─▶ #leases: one request at a time each
 *                       #left: were the shared one until a huge reply came there; what is in flight there is still theirs
 */
export class Backend implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly node: string;
  readonly counters = new BackendCounters();
  state: BackendState = 'stopped';

  readonly #options: BackendOptions;
  readonly #log: Log;
  readonly #turn: Turn;
  readonly #watcher: BackendWatcher;
  readonly #backoff: Backoff;
  readonly #leases: Leases;
  readonly #left = new Set<Connection>();
  #connection: Connection | null = null;
  #retryTimer: NodeJS.Timeout | undefined;
  #upSince = 0;
  #everUp = false;
  #probing = false;

  constructor(options: BackendOptions, watcher: BackendWatcher, turn: Turn, log: Log) {
    this.node = options.node;
    this.#options = options;
    this.#watcher = watcher;
    this.#turn = turn;
    this.#log = log;
    this.#backoff = new Backoff(options.reconnect);
    this.#leases = new Leases(options.leasesMax, () => this.#open());
  }

  get inFlight(): number {
    let sum = this.#connection === null ? 0 : this.#connection.inFlight;
    for (const lease of this.#leases.values()) sum += lease.inFlight;
    return sum;
  }

  get queuedBytes(): number {
    let sum = this.#connection === null ? 0 : this.#connection.queuedBytes;
    for (const lease of this.#leases.values()) sum += lease.queuedBytes;
    return sum;
  }

  /** Connections beside the shared one. */
  get leases(): number {
    return this.#leases.size;
  }

  start(): void {
    if (this.state === 'stopped') this.#connect('connecting');
  }

  /** Closes now; what is in flight is failed. */
  stop(): void {
    this.state = 'stopped';
    clearTimeout(this.#retryTimer);
    this.#leases.stop();
    this.#connection?.destroy('connection_lost', 'keyfan is stopping');
  }

  /** Sends a fragment to the node; the target hears exactly once, possibly before this returns (refusals). */
  send(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    if (this.state !== 'up' && this.state !== 'connecting') {
      this.#refuse('node_down', target, token);
      return;
    }
    this.counters.requests++;
    const connection = this.#left.size === 0 ? (this.#connection as Connection) : this.#laneOf(target);
    if (!connection.send(buf, start, end, target, token, given)) this.#refuse('queue_full', target, token);
  }

  /** As `send`, for a request that was collected in an out-buffer, which is emptied. */
  sendCollected(request: OutBuffer, target: ReplyTarget, token: number): void {
    if (this.state !== 'up' && this.state !== 'connecting') {
      this.#refuse('node_down', target, token);
      return;
    }
    this.counters.requests++;
    if (!this.#laneOf(target).sendCollected(request, target, token)) this.#refuse('queue_full', target, token);
  }

  /** As `send`, on a connection where nothing waits behind the reply. Its caller sees to it that nothing else of the target's owner is in flight here. */
  sendAlone(buf: Buffer, start: number, end: number, target: ReplyTarget, token: number, given: boolean): void {
    this.lease(new Alone(this.node, given ? buf.subarray(start, end) : Buffer.from(buf.subarray(start, end)), target, token));
  }

  /** Gets `taker` a connection of its own for one request. */
  lease(taker: LeaseTaker): void {
    if (this.state !== 'up' && this.state !== 'connecting') {
      this.counters.countError('node_down');
      taker.onNoLease('node_down');
      return;
    }
    this.counters.requests++;
    this.#leases.take(taker);
  }

  /** The connection on which the order of a target's requests is kept. */
  #laneOf(target: ReplyTarget): Connection {
    for (const connection of this.#left) if (connection.carries(target.owner)) return connection;
    return this.#connection as Connection;
  }

  /** A lease that is answered goes back. */
  onIdle(lease: Connection): void {
    this.#left.delete(lease);
    this.#leases.onIdle(lease);
  }

  /** Only what is in flight already has to wait behind the reply; what is to come takes another connection. */
  onHuge(connection: Connection): void {
    if (connection !== this.#connection || this.#leases.full) return;
    this.#left.add(connection);
    this.#leases.adopt(connection);
    this.#connection = this.#leases.promote() ?? this.#open();
    this.#probing = false;
  }

  #refuse(code: ErrorCode, target: ReplyTarget, token: number): void {
    this.counters.countError(code);
    target.onFailure(token, code, this.node);
  }

  /** Deadlines and probes; called a few times per request timeout. */
  tick(): void {
    const connection = this.#connection;
    const now = clock.now;
    const { requestTimeoutMs, idleMs } = this.#options;
    this.#leases.refuse(now - requestTimeoutMs, 'queue_full');
    for (const lease of [...this.#leases.values()]) this.#expireLease(lease, now - requestTimeoutMs);
    this.#leases.prune(now - idleMs);
    if (connection === null) return;
    if (connection.expire(now - requestTimeoutMs) > 0) {
      // A node answers in order: it is slow with this one request or not answering at all, and nothing behind it comes sooner.
      if (this.state === 'up' && connection.lastReadAt < now - requestTimeoutMs) this.#become('stalled', 'a request timed out');
      this.#watcher.onTrouble(this);
      return;
    }
    const silentMs = now - connection.lastReadAt;
    if (this.state === 'stalled') {
      if (silentMs < requestTimeoutMs) this.probe();
      else if (silentMs > requestTimeoutMs + idleMs) connection.destroy('connection_lost', 'stalled too long');
    } else if (this.state === 'up' && silentMs > idleMs && connection.inFlight === 0) {
      this.probe();
    }
  }

  #expireLease(lease: Connection, deadline: number): void {
    if (lease.expire(deadline) === 0) return;
    this.#watcher.onTrouble(this);
    if (lease.lastReadAt < deadline && !lease.held) lease.destroy('connection_lost', 'a request timed out');
  }

  /** Asks a connected node for a sign of life; `onServing` tells of the answer. */
  probe(): void {
    if (this.#probing || this.#connection === null || this.state === 'down') return;
    this.#probing = this.#connection.send(PING, 0, PING.length, this, 0, false);
  }

  /** The answer to a probe. */
  onReply(_token: number, buf: Buffer, start: number, end: number): boolean {
    this.#probing = false;
    if (this.state === 'stalled') this.#become('up', 'the node answers again');
    if (buf.toString('latin1', start, end) === '+PONG\r\n') this.#watcher.onServing(this);
    return true;
  }

  /** A probe failed; deadline and loss are handled where they are seen. */
  onFailure(): void {
    this.#probing = false;
  }

  #connect(state: 'connecting' | 'down'): void {
    this.state = state;
    this.#connection = this.#open();
  }

  #open(): Connection {
    return new Connection(this.#options, this, this.counters, this.#turn);
  }

  onGreeting(connection: Connection, greeting: Greeting, detail: string): void {
    if (greeting === 'refused') {
      connection.destroy('connection_lost', `handshake refused: ${detail}`);
      return;
    }
    if (connection !== this.#connection || this.state === 'up') return;
    if (this.#everUp) this.counters.reconnects++;
    this.#everUp = true;
    this.#upSince = clock.now;
    this.#backoff.reset();
    this.#become('up', greeting === 'busy' ? `connected, not serving yet: ${detail}` : 'connected');
    if (greeting === 'serving') this.#watcher.onServing(this);
  }

  onClosed(connection: Connection, code: ErrorCode, detail: string): void {
    if (code === 'bad_reply') this.#log.error({ node: this.node, detail }, 'node broke the protocol');
    if (this.#connection !== connection) {
      this.#left.delete(connection);
      this.#leases.onClosed(connection);
      return;
    }
    this.#connection = null;
    this.#probing = false;
    if (this.state === 'stopped') return;
    const steady = this.counters.up === 1 && clock.now - this.#upSince >= STEADY_MS && code !== 'bad_reply';
    this.counters.up = 0;
    if (steady) {
      this.#log.warn({ node: this.node, detail }, 'connection to node lost, reconnecting');
      this.#connect('connecting');
    } else {
      if (this.state !== 'down') this.#become('down', detail);
      this.#retryTimer = setTimeout(() => this.#connect('down'), this.#backoff.next());
    }
    this.#watcher.onTrouble(this);
  }

  #become(state: 'up' | 'stalled' | 'down', detail: string): void {
    this.state = state;
    this.counters.up = state === 'up' ? 1 : 0;
    const fields = { node: this.node, address: formatEndpoint(this.#options.endpoint), detail };
    if (state === 'up') this.#log.info(fields, 'node is up');
    else this.#log.warn(fields, `node is ${state}`);
  }
}
