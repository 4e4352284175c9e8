import { OTHER_ID } from '../command/table.ts';
import { Attention } from '../downstream/attention.ts';
import { endBlocked } from '../downstream/blocking.ts';
import { Dispatcher } from '../downstream/dispatcher.ts';
import { Express } from '../downstream/express.ts';
import { Listener } from '../downstream/listener.ts';
import type { Finding, Findings, Question } from '../downstream/local/client-question.ts';
import { find } from '../downstream/local/client-search.ts';
import type { InfoSection, NodeFacts } from '../downstream/local/local-context.ts';
import { PacePool } from '../downstream/pace.ts';
import type { Pause } from '../downstream/pauses.ts';
import { Router } from '../downstream/router.ts';
import { Session } from '../downstream/session.ts';
import type { SessionContext, SessionLimits } from '../downstream/session-context.ts';
import { type ErrorCode, errorText } from '../errors.ts';
import { PoolCounters } from '../observe/counters.ts';
import { DISCONNECTS } from '../observe/disconnects.ts';
import { type Log, withFields } from '../observe/log.ts';
import { errorReply } from '../protocol/encode.ts';
import type { Topology } from '../routing/topology.ts';
import { Backend, type BackendOptions } from '../upstream/backend.ts';
import { clock, tick } from '../util/clock.ts';
import { type Endpoint, formatEndpoint } from '../util/endpoint.ts';
import type { ClientSocket } from '../util/light-socket.ts';
import type { Memory } from '../util/memory.ts';
import { Patience } from '../util/patience.ts';
import { Seldom } from '../util/seldom.ts';
import { SocketSink } from '../util/socket-sink.ts';
import type { Turn } from '../util/turn.ts';
import { Ejector, type EjectorOptions } from './ejector.ts';
import { LaneSets } from './lane-sets.ts';
import { sweep } from './sweep.ts';

export interface PoolOptions {
  readonly name: string;
  /** Null where somebody else listens and hands the clients in: see `take`. */
  readonly listen: Endpoint | null;
  readonly topology: Topology;
  /** In the order of the topology's nodes. */
  readonly nodes: readonly BackendOptions[];
  /** What clients must AUTH with; null where they need not. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly limits: SessionLimits & { readonly clientsMax: number };
  /** The database of clients that have selected none. */
  readonly database: number;
  /** Databases that clients use at a time. */
  readonly databasesMax: number;
  readonly clientIdleMs: number;
  /** A client that stops in the middle of a request for so long is disconnected. */
  readonly clientRequestMs: number;
  /** A client that takes nothing of its replies for so long is disconnected. */
  readonly clientStallMs: number;
  /** The process-wide account. */
  readonly memory: Memory;
  readonly requestTimeoutMs: number;
  readonly autoEject: EjectorOptions;
  /** Only for strategies whose nodes all hold everything. */
  readonly writesToAll: boolean;
  /** Scripts run on shared connections. */
  readonly shareScripts: boolean;
  /** Names that one client may subscribe to. */
  readonly subscriptionsMax: number;
  /** Commands that manage the nodes pass. */
  readonly adminAllowed: boolean;
  /** Sections of INFO that are about the process. */
  info(): readonly InfoSection[];
  /** A client has gone; also one that was refused. */
  clientGone?(pool: string): void;
  /** A client has ordered a pause of all clients of the pool. */
  paused?(pool: string, pause: Pause): void;
  /** Asks the other processes that serve the pool about their clients; absent where there are none. */
  askOthers?(pool: string, question: Question): Promise<Findings>;
}

/** Deadlines are looked at about ten times within the shortest of them. */
const TICK_MAX_MS = 100;
const TICK_MIN_MS = 5;
const SWEEP_MAX_MS = 500;
/** A pool that is full would say so with each client. */
const COMPLAIN_MS = 10_000;
/** Longest list of clients for another process. */
const LIST_CHARS_MAX = 32 * 1024 * 1024;

let nextSessionId = 1;

/** A listener with its sessions, the backends behind it and the topology between them. */
export class Pool {
  readonly name: string;
  readonly counters = new PoolCounters(OTHER_ID + 1);
  readonly backends: Backend[] = [];
  readonly #options: PoolOptions;
  readonly #log: Log;
  readonly #listener: Listener;
  readonly #attention: Attention;
  readonly #router: Router;
  readonly #dispatcher: Dispatcher;
  readonly #ejector: Ejector;
  readonly #context: SessionContext<Session>;
  #tickTimer: NodeJS.Timeout | undefined;
  #endSweep = (): void => {};
  #onEmpty: (() => void) | null = null;
  readonly #full = new Seldom(COMPLAIN_MS);

  constructor(options: PoolOptions, turn: Turn, log: Log) {
    this.name = options.name;
    this.#options = options;
    this.#log = log;
    const { topology, limits, credentials } = options;
    this.#attention = new Attention((pause) => options.paused?.(options.name, pause));
    // Names of nodes are those of their pool.
    const nodeLog = withFields(log, { pool: options.name });
    this.#ejector = new Ejector(options.autoEject, topology, this.backends, (next) => this.#swap(next), nodeLog);
    for (const node of options.nodes) this.backends.push(new Backend(node, this.#ejector, turn, nodeLog));
    const lanes = new LaneSets(this.backends, { protocol: 2, database: options.database }, options.databasesMax);
    const router = new Router(topology, this.backends);
    this.#router = router;
    const local = {
      credentials,
      attention: this.#attention,
      anyNode: () => router.anyNode(),
      liveNodes: () => router.liveNodes(),
      sessions: () => this.#listener.sessions,
      elsewhere: options.askOthers?.bind(null, options.name) ?? null,
      nodes: () => this.#nodes(),
      nodeOf: (key: Buffer) => router.nameOf(key),
      info: () => [...options.info(), ...this.#info()],
    };
    const { counters } = this;
    const { writesToAll, shareScripts, adminAllowed, subscriptionsMax } = options;
    this.#dispatcher = new Dispatcher({
      router,
      lanes,
      counters,
      local,
      writesToAll,
      shareScripts,
      adminAllowed,
      subscriptionsMax,
      queuedBytesMax: limits.queryBytesMax,
    });
    const express = new Express(this.#attention, counters);
    counters.topologyVersion = topology.version;
    this.#context = {
      limits,
      lanes,
      counters,
      turn,
      patience: new Patience(),
      authRequired: credentials !== null,
      memory: options.memory,
      pace: new PacePool(),
      routing: router.kernelRouting,
      forward: (session, scanner, src, from, to) => express.forward(session, scanner, src, from, to),
      dispatch: (session, view) => this.#dispatcher.dispatch(session, view),
      route: (session, view, argsDeclared) => this.#dispatcher.route(session, view, argsDeclared),
      closed: (session) => this.#closed(session),
    };
    this.#listener = new Listener({
      endpoint: options.listen,
      clientsMax: limits.clientsMax,
      isScarce: () => options.memory.scarce,
      accept: (socket, id = nextSessionId++) => this.#accept(socket, id),
      refuse: (socket, code) => this.refuse(socket, code),
      onLost: (error) => log.warn({ pool: options.name, detail: error.message }, 'a client could not be accepted'),
    });
  }

  get topology(): Topology {
    return this.#router.topology;
  }

  get listening(): boolean {
    return this.#listener.listening;
  }

  get nodesUp(): number {
    return this.backends.filter((_, i) => this.#inService(i)).length;
  }

  address(): Endpoint {
    return this.#listener.address();
  }

  /** Connects to the nodes and listens; rejects where it cannot bind. Nodes that are down do not keep it from starting. */
  async start(): Promise<void> {
    tick();
    await this.#listener.listen();
    for (const backend of this.backends) backend.start();
    const { requestTimeoutMs, clientIdleMs, clientRequestMs, clientStallMs } = this.#options;
    const tickMs = Math.max(TICK_MIN_MS, Math.min(TICK_MAX_MS, requestTimeoutMs / 10));
    this.#tickTimer = setInterval(() => this.#tick(), tickMs);
    const sweepMs = Math.min(SWEEP_MAX_MS, clientIdleMs / 4, clientRequestMs / 4, clientStallMs / 4);
    this.#endSweep = sweep(
      () => this.#listener.sessions,
      sweepMs,
      (session) => this.#expire(session),
    );
    if (this.#options.listen !== null) this.#log.info({ pool: this.name, nodes: this.backends.length }, 'pool is listening');
  }

  /** A client that was accepted elsewhere, with its id, which is unique wherever ids are compared. */
  take(socket: ClientSocket, id: number): void {
    this.#listener.take(socket, id);
  }

  /** A pause that a client has ordered who is served elsewhere. */
  pause(pause: Pause): void {
    this.#attention.pauses.follow(pause);
  }

  /** Does what a client asks who is served elsewhere. */
  find(question: Question): Finding | Promise<Finding> {
    return find(this.#listener.sessions, question, null, LIST_CHARS_MAX);
  }

  /** The client is not taken, and told why. */
  refuse(socket: ClientSocket, code: ErrorCode = 'max_clients'): void {
    this.counters.countError(code);
    if (code === 'max_clients' && this.#full.now()) {
      this.#log.warn({ pool: this.name, clients: this.#options.limits.clientsMax }, 'clients are refused: limits.clients is reached');
    }
    socket.on('error', () => {});
    new SocketSink(socket).write(errorReply(errorText(code)));
    socket.end();
    socket.resume();
    setTimeout(() => socket.destroy(), 100);
    this.#options.clientGone?.(this.name);
  }

  /** Takes nothing new; resolves when every accepted request is answered and its client has gone, or after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.#listener.close();
    const { sessions } = this.#listener;
    for (const session of sessions) session.drain();
    if (sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#tellCutOff();
        resolve();
      }, limitMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whoever only lingers is owed nothing. */
  #tellCutOff(): void {
    let clients = 0;
    for (const session of this.#listener.sessions) if (session.inFlight > 0 || session.unsentBytes > 0) clients++;
    const text = 'clients are cut off: they were not answered, or had not taken all, within timeouts.drain';
    if (clients > 0) this.#log.warn({ pool: this.name, clients }, text);
  }

  /** Closes everything now. */
  stop(): void {
    clearInterval(this.#tickTimer);
    this.#endSweep();
    this.#listener.close();
    for (const session of this.#listener.sessions) session.destroy(null);
    this.#attention.pauses.end();
    for (const backend of this.backends) backend.stop();
  }

  /** Brings the gauges among the counters up to date. */
  refreshCounters(): void {
    const { sessions } = this.#listener;
    this.counters.connections = sessions.size;
    this.counters.bufferedBytes = 0;
    for (const session of sessions) this.counters.bufferedBytes += session.unsentBytes + session.queryBytes;
    for (const [i, backend] of this.backends.entries()) {
      backend.counters.up = this.#inService(i) ? 1 : 0;
      backend.counters.inFlight = backend.inFlight;
      backend.counters.queuedBytes = backend.queuedBytes;
      backend.counters.leases = backend.leases;
      backend.counters.reserved = backend.reserved;
    }
  }

  /** True where the node serves, and keys are sent to it. */
  #inService(node: number): boolean {
    return this.topology.live[node] === 1 && (this.backends[node] as Backend).serving;
  }

  #accept(socket: ClientSocket, id: number): Session {
    this.counters.connectionsTotal++;
    return new Session(id, socket, this.#context);
  }

  #closed(session: Session): void {
    this.#listener.sessions.remove(session);
    this.#attention.monitors.remove(session);
    this.#attention.pauses.forget(session);
    if (session.disconnected !== null) {
      const { reason, address } = session.disconnected;
      this.counters.countDisconnect(reason);
      const level = reason === 'idle' ? 'debug' : 'warn';
      this.#log[level]({ pool: this.name, client: session.id, address, reason: DISCONNECTS[reason] }, 'client disconnected by keyfan');
    }
    this.#options.clientGone?.(this.name);
    if (this.#listener.sessions.size === 0) this.#onEmpty?.();
  }

  #tick(): void {
    tick();
    for (const backend of this.backends) backend.tick();
    this.#ejector.tick();
  }

  #expire(session: Session): void {
    const { clientIdleMs, clientRequestMs, clientStallMs } = this.#options;
    const asleep = session.lastReadAt < clock.now - clientIdleMs && session.inFlight === 0;
    if (asleep && !session.monitoring && session.subscriptions?.isEmpty !== false) session.close('idle');
    session.expire(clientRequestMs, clientStallMs);
  }

  #swap(topology: Topology): void {
    this.#router.topology = topology;
    this.counters.topologyVersion = topology.version;
    // Keys are elsewhere now, where nobody tracks them for these.
    for (const session of this.#listener.sessions) {
      if (session.tracking !== null) session.destroy('tracking_lost');
      else endBlocked(session);
    }
    this.#log.info({ pool: this.name, version: topology.version }, 'topology changed');
  }

  #nodes(): NodeFacts[] {
    return this.backends.map((backend, i) => ({
      name: backend.node,
      address: formatEndpoint((this.#options.nodes[i] as BackendOptions).endpoint),
      state: this.topology.live[i] === 1 ? backend.state : 'ejected',
      inFlight: backend.inFlight,
    }));
  }

  #info(): InfoSection[] {
    const { counters } = this;
    const requests = counters.requests.reduce((sum, count) => sum + count, 0);
    const nodes = this.backends.map((backend, i) => [
      `node${i}`,
      `name=${backend.node},state=${backend.state},in_flight=${backend.inFlight}`,
    ]);
    return [
      { name: 'Clients', fields: { connected_clients: this.#listener.sessions.size, maxclients: this.#options.limits.clientsMax } },
      { name: 'Stats', fields: { total_connections_received: counters.connectionsTotal, total_commands_processed: requests } },
      { name: 'Nodes', fields: { pool: this.name, nodes: nodes.length, ...Object.fromEntries(nodes) } },
    ];
  }
}
