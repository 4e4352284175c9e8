import type { ErrorCode } from '../errors.ts';
import { BackendCounters } from '../observe/counters.ts';
import type { Log } from '../observe/log.ts';
import { encodeRequest, PING } from '../protocol/multibulk.ts';
import { clock } from '../util/clock.ts';
import { formatEndpoint } from '../util/endpoint.ts';
import { SeldomEach } from '../util/seldom.ts';
import type { Turn } from '../util/turn.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import type { Connection } from './connection.ts';
import type { Greeting } from './handshake.ts';
import { type Identity, identityKey } from './identity.ts';
import { SharedLane } from './lane.ts';
import type { LaneOptions, LaneOwner } from './lane-contract.ts';
import { RefusedDatabases } from './refused-databases.ts';
import { SWALLOW } from './swallow.ts';
import type { ReplyTarget } from './target.ts';

export interface BackendOptions extends LaneOptions {
  readonly reconnect: BackoffOptions;
  /** The database of clients that have selected none. */
  readonly database: number;
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
const PONG = '+PONG\r\n';
/** A node that says this to PING serves whoever only reads. */
const READS_ONLY = /\bMISCONF /;
/** A node that does not serve yet is asked so often whether it does. */
const BUSY_ASK_MS = 1000;
/** Beside the keys of the other lanes, which count from 0. */
const asideKey = (identity: Identity): number => -1 - identityKey(identity);
/** How often a refusal of connections is told, and at most how many kinds of it: clients select databases, and each has its own lanes. */
const COMPLAIN_MS = 10_000;
const COMPLAINTS_MAX = 16;
/** A stalled connection that is about to be answered, too, is given so long. */
const GRACE_MS = 100;

/**
 * `connecting`: requests are queued behind the handshake. `up`: requests pass. `stalled`: a request timed out and nothing
 * was heard since; requests are refused at once, what is in flight serves as the probe, and so does a new connection. `down`: the last attempt failed; requests
 * are refused at once while attempts go on in the background.
 */
export type BackendState = 'stopped' | 'connecting' | 'up' | 'stalled' | 'down';

/**
 * Our live handle on a node: a lane for each identity of connections, its health, its counters. The shared connection of the
 * first lane decides over `state`; others are opened when they are needed.
 */
export class Backend implements ReplyTarget, LaneOwner<SharedLane> {
  readonly owner = this;
  readonly parts = null;
  readonly node: string;
  readonly counters = new BackendCounters();
  readonly refusedDatabases = new RefusedDatabases();
  state: BackendState = 'stopped';
  /** False where requests are refused at once. */
  accepting = false;

  readonly #options: BackendOptions;
  readonly #log: Log;
  readonly #turn: Turn;
  readonly #watcher: BackendWatcher;
  readonly #backoff: Backoff;
  readonly #complaints = new SeldomEach(COMPLAIN_MS, COMPLAINTS_MAX);
  readonly #first: SharedLane;
  readonly #lanes = new Map<number, SharedLane>();
  #retryTimer: NodeJS.Timeout | undefined;
  #upSince = 0;
  /** Greeted us, but does not serve yet (LOADING …): requests pass, and get its answer. */
  #busy = false;
  #askedAt = 0;
  /** Why it is down. */
  #reason = '';
  #everUp = false;
  #timeoutAt = 0;
  #probing: Connection | null = null;
  /** While stalled: when the watcher was told last. */
  #troubleAt = 0;
  /** While stalled: whether the node answers on a new connection, and since when it has. */
  #trial: SharedLane | null = null;
  #answersElsewhereAt = Number.POSITIVE_INFINITY;
  /** When a stalled connection was given up for that last: a node whose connections all stall, though it answers PING, is left alone for a while. */
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BackendOptions, watcher: BackendWatcher, turn: Turn, log: Log) {
    this.node = options.node;
    this.#options = options;
    this.#watcher = watcher;
    this.#turn = turn;
    this.#log = log;
    this.#backoff = new Backoff(options.reconnect);
    this.#first = this.lane({ protocol: 2, database: options.database });
  }

  /** The connections of that identity. */
  lane(identity: Identity): SharedLane {
    return this.#laneAt(identityKey(identity), identity);
  }

  aside(identity: Identity): SharedLane {
    return this.#laneAt(asideKey(identity), identity);
  }

  #laneAt(key: number, identity: Identity): SharedLane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new SharedLane(identity, key >= 0 ? 'urgent' : 'newcomer', this.#options, this, this.#turn);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** No session uses that identity any more. */
  dropLane(identity: Identity): void {
    for (const key of [identityKey(identity), asideKey(identity)]) {
      const lane = this.#lanes.get(key);
      if (lane === undefined || lane === this.#first) continue;
      this.#lanes.delete(key);
      lane.stop();
    }
  }

  /** True while the node answers, and serves. */
  get serving(): boolean {
    return this.state === 'up' && !this.#busy;
  }

  get inFlight(): number {
    return this.#sum((lane) => lane.inFlight);
  }

  get queuedBytes(): number {
    return this.#sum((lane) => lane.queuedBytes);
  }

  /** Connections beside the shared ones, for one request each. */
  get leases(): number {
    return this.#sum((lane) => lane.leases);
  }

  /** Connections for sessions to have to themselves. */
  get reserved(): number {
    return this.#sum((lane) => lane.reserved);
  }

  #sum(amount: (lane: SharedLane) => number): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += amount(lane);
    return sum;
  }

  start(): void {
    if (this.state === 'stopped') this.#connect('connecting');
  }

  /** Closes now; what is in flight is failed. */
  stop(): void {
    this.#enter('stopped');
    clearTimeout(this.#retryTimer);
    for (const lane of this.#lanes.values()) lane.stop();
  }

  /** Deadlines and probes; called a few times per request timeout. */
  tick(): void {
    const now = clock.now;
    for (const lane of this.#lanes.values()) {
      lane.tick(now);
      if (lane !== this.#first) lane.expireShared(now);
    }
    if (this.#first.shared !== null) this.#examine(this.#first.shared, now);
  }

  /** What the first lane's shared connection tells of the node. */
  #examine(connection: Connection, now: number): void {
    const { requestTimeoutMs, idleMs } = this.#options;
    if (connection.expire(now - requestTimeoutMs) > 0) {
      // A node answers in order: it is slow with this one request or not answering at all, and nothing behind it comes sooner.
      if (this.state === 'up' && connection.heardAt < now - requestTimeoutMs) this.#become('stalled', 'a request timed out');
      this.#watcher.onTrouble(this);
      return;
    }
    const silentMs = now - connection.heardAt;
    if (this.state === 'stalled') {
      if (silentMs < requestTimeoutMs) this.probe();
      else if (silentMs > requestTimeoutMs + idleMs) connection.destroy('connection_lost', 'stalled too long');
      else this.#examineStalled(connection, now);
    } else if (this.state === 'up' && (this.#busy ? now - this.#askedAt > BUSY_ASK_MS : silentMs > idleMs && connection.inFlight === 0)) {
      this.probe();
    }
  }

  /** Nobody asks a stalled node: time that passes counts as if somebody had. Where it answers on a new connection, the old one is dead. */
  #examineStalled(connection: Connection, now: number): void {
    const { requestTimeoutMs, idleMs } = this.#options;
    if (now - this.#answersElsewhereAt > GRACE_MS) {
      this.#replacedAt = now;
      // Those that were opened on the same way may be dead as well.
      for (const lane of this.#lanes.values()) lane.probeReserved(now - requestTimeoutMs);
      connection.destroy('connection_lost', 'silent, while the node answers on a new connection');
    } else if (now - this.#troubleAt >= requestTimeoutMs) {
      this.#troubleAt = now;
      if (now - this.#replacedAt > idleMs) this.#try();
      this.#watcher.onTrouble(this);
    }
  }

  #try(): void {
    this.#trial ??= new SharedLane(this.#first.identity, 'urgent', this.#options, this, this.#turn);
    if (this.#trial.shared === null) this.#trial.connect();
  }

  #endTrial(): void {
    this.#answersElsewhereAt = Number.POSITIVE_INFINITY;
    const trial = this.#trial;
    this.#trial = null;
    trial?.stop();
  }

  onTimeout(lane: SharedLane): void {
    // Whether the node answers at all shows on the connection that decides.
    if (lane !== this.#first || this.#first.shared?.inFlight === 0) this.probe();
    // Those that time out together are one trouble.
    if (this.#timeoutAt === clock.now) return;
    this.#timeoutAt = clock.now;
    this.#watcher.onTrouble(this);
  }

  /** Asks a connected node for a sign of life; `onServing` tells of the answer. */
  probe(): void {
    const { shared } = this.#first;
    if (shared === null || this.#probing === shared || this.state === 'down') return;
    this.#askedAt = clock.now;
    if (shared.send(PING, 0, PING.length, this, 0, false)) this.#probing = shared;
  }

  /** The answer to a probe. */
  onReply(_token: number, buf: Buffer, start: number, end: number): boolean {
    this.#probing = null;
    if (this.state === 'stalled') this.#become('up', 'the node answers again');
    const answer = buf.toString('latin1', start, end);
    if (this.#busy && (answer === PONG || READS_ONLY.test(answer))) {
      this.#busy = false;
      this.#log.info({ node: this.node }, 'node serves');
    }
    if (answer === PONG) this.#watcher.onServing(this);
    return true;
  }

  /** A probe failed; deadline and loss are handled where they are seen. */
  onFailure(): void {
    this.#probing = null;
  }

  #connect(state: 'connecting' | 'down'): void {
    this.#enter(state);
    this.#first.connect();
  }

  onGreeting(lane: SharedLane, greeting: Greeting, detail: string): void {
    if (lane === this.#trial) {
      if (greeting === 'serving') this.#answersElsewhereAt = clock.now;
      return;
    }
    if (lane !== this.#first || this.state === 'up') return;
    if (this.#everUp) this.counters.reconnects++;
    this.#everUp = true;
    this.#upSince = clock.now;
    this.#busy = greeting === 'busy' && !READS_ONLY.test(detail);
    this.#askedAt = clock.now;
    this.#become('up', greeting === 'busy' ? `connected, not serving yet: ${detail}` : 'connected');
    if (greeting === 'serving') this.#watcher.onServing(this);
  }

  onRefused(lane: SharedLane, detail: string): void {
    // Where that decides over the node, it is why the node is down.
    if (lane === this.#trial || (lane === this.#first && this.state !== 'up')) return;
    if (this.#complaints.now(detail)) this.#log.warn({ node: this.node, detail }, 'node refuses a connection');
  }

  /** Closing that connection would be too late: the node may read what was sent after that on another one first, and give it to who has left. */
  unblock(clientId: number): void {
    const request = encodeRequest(['CLIENT', 'UNBLOCK', String(clientId)]);
    for (const { shared } of this.#lanes.values()) if (shared?.greeted) shared.sendBehind(request, SWALLOW, 0);
  }

  onBroken(detail: string): void {
    this.#log.error({ node: this.node, detail }, 'node broke the protocol');
  }

  onClosed(lane: SharedLane, code: ErrorCode, detail: string): void {
    if (code === 'bad_reply') this.onBroken(detail);
    if (lane !== this.#first) return;
    this.#probing = null;
    if (this.state === 'stopped') return;
    const lasted = (this.state === 'up' || this.state === 'stalled') && clock.now - this.#upSince >= STEADY_MS;
    if (lasted) this.#backoff.reset();
    if (lasted && this.state === 'up' && code !== 'bad_reply') {
      this.#log.warn({ node: this.node, detail }, 'connection to node lost, reconnecting');
      this.#connect('connecting');
    } else {
      if (this.state !== 'down') this.#become('down', detail);
      else if (this.#reason !== detail) this.#log.warn({ node: this.node, detail }, 'node is still down');
      this.#reason = detail;
      this.#retryTimer = setTimeout(() => this.#connect('down'), this.#backoff.next());
    }
    this.#watcher.onTrouble(this);
  }

  #enter(state: BackendState): void {
    this.state = state;
    this.#troubleAt = clock.now;
    this.#endTrial();
    this.refusedDatabases.forget();
    this.accepting = state === 'up' || state === 'connecting';
  }

  #become(state: 'up' | 'stalled' | 'down', detail: string): void {
    this.#enter(state);
    const fields = { node: this.node, address: formatEndpoint(this.#options.endpoint), detail };
    if (state === 'up') this.#log.info(fields, 'node is up');
    else this.#log.warn(fields, `node is ${state}`);
  }
}
