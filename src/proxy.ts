/** The composition root of one process: builds pools and the admin server from the configuration. */
import { AdminServer } from './admin/server.ts';
import { REDIS_VERSION } from './command/generated/commands.ts';
import { COMMAND_ROWS } from './command/table.ts';
import { listenFor } from './config/listen-key.ts';
import { parseConfig } from './config/load.ts';
import { ConfigError } from './config/problem.ts';
import type { Config, ConfigInput, NodeConfig, PoolConfig } from './config/schema.ts';
import { poolTopology } from './config/topology.ts';
import type { Findings, Question } from './downstream/local/client-question.ts';
import type { InfoSection } from './downstream/local/local-context.ts';
import type { Pause } from './downstream/pauses.ts';
import { type Log, SILENT } from './observe/log.ts';
import { createMetrics, type PoolSnapshot } from './observe/prometheus.ts';
import { ringHash } from './observe/ring-hash.ts';
import { Pool, type PoolOptions } from './pool/pool.ts';
import type { Topology } from './routing/topology.ts';
import type { BackendOptions } from './upstream/backend.ts';
import { trimChunks } from './util/chunk-pool.ts';
import type { Endpoint } from './util/endpoint.ts';
import { Memory } from './util/memory.ts';
import { Turn } from './util/turn.ts';
import { VERSION } from './util/version.ts';

export interface ProxyOptions {
  /** Where state changes are told; silent by default. */
  readonly log?: Log;
}

/**
 * keyfan in this process. Throws `ConfigError` (with every problem) where `config` is not valid.
 *
 *     const proxy = createProxy({ pools: { cache: { listen: '127.0.0.1:0', strategy: 'ring', nodes: ['127.0.0.1:7001'] } } });
 *     await proxy.start();
 *     proxy.address('cache'); // { host: '127.0.0.1', port: 40123 }
 *     await proxy.stop();
 */
export function createProxy(config: Config | ConfigInput, options: ProxyOptions = {}): Proxy {
  const parsed = parseConfig(config);
  if (parsed.workers === 1) return new Proxy(parsed, options.log ?? SILENT);
  const message = 'must be 1 here: createProxy serves in its own process; workers are for the keyfan command';
  throw new ConfigError([{ path: 'workers', message }]);
}

export class Proxy {
  readonly #config: Config;
  readonly #log: Log;
  readonly #plane: DataPlane;
  #admin: AdminServer | undefined;
  #begun = false;
  #draining = false;
  #stopped = false;

  /** Use `createProxy`. */
  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#plane = new DataPlane(config, log);
  }

  /** Once. Resolves when every pool listens; rejects with Node's bind error, or where a strategy does not fit its nodes: then nothing of it is left. */
  async start(): Promise<void> {
    if (this.#begun || this.#stopped) throw new Error('a proxy starts once; for another, call createProxy again');
    this.#begun = true;
    try {
      await this.#open();
    } catch (error) {
      await this.stop();
      throw error;
    }
    // Stopped while it started: what has been opened since is closed as well.
    if (this.#stopped) await this.stop();
  }

  async #open(): Promise<void> {
    await this.#plane.start();
    const { listen } = this.#config.admin;
    if (listen === undefined) return;
    this.#admin = new AdminServer({
      listen,
      metrics: createMetrics(() => this.#plane.snapshots()),
      pools: () => this.#plane.pools(),
      draining: () => this.#draining,
      log: this.#log,
    });
    await listenFor('admin.listen', this.#admin.start());
  }

  /** Where a pool listens. Throws unless it runs. */
  address(pool: string): Endpoint {
    if (this.#stopped) throw notRunning(pool);
    return this.#plane.pool(pool).address();
  }

  /** Where the admin server listens; undefined where there is none. */
  adminAddress(): Endpoint | undefined {
    return this.#admin?.address();
  }

  /** Takes nothing new and resolves when every accepted request is answered, at the latest after each pool's `timeouts.drain`. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#plane.drain();
  }

  /** Closes everything now. */
  async stop(): Promise<void> {
    this.#draining = true;
    this.#stopped = true;
    this.#plane.stop();
    await this.#admin?.close();
  }
}

function notRunning(pool: string): Error {
  return new Error(`there is no running pool ${pool}`);
}

/** What sets the pools of a worker apart from those of a process of its own: clients are handed in, nobody listens here. */
export interface WorkerRole {
  readonly worker: number;
  /** A client of that pool has gone. */
  clientGone(pool: string): void;
  /** A client has ordered a pause of all clients of that pool. */
  paused(pool: string, pause: Pause): void;
  /** A client asks about the clients of that pool that other workers serve. */
  askOthers(pool: string, question: Question): Promise<Findings>;
}

/** Output chunks that nobody took in the meantime are let go. */
const TRIM_MS = 500;

/** The pools of one process, and nothing that is there once for all workers. */
export class DataPlane {
  readonly #config: Config;
  readonly #log: Log;
  readonly #role: WorkerRole | null;
  readonly #turn = new Turn();
  readonly #memory: Memory;
  readonly #pools = new Map<string, Pool>();
  #trimTimer: NodeJS.Timeout | undefined;

  constructor(config: Config, log: Log, role: WorkerRole | null = null) {
    this.#config = config;
    this.#log = log;
    this.#role = role;
    this.#memory = new Memory(config.buffers);
  }

  async start(): Promise<void> {
    for (const [name, config] of Object.entries(this.#config.pools)) {
      const options = poolOptions(name, config, await poolTopology(config), this.#memory, () => this.#info());
      const role = this.#role === null ? {} : { ...this.#role, listen: null };
      this.#pools.set(name, new Pool({ ...options, ...role }, this.#turn, this.#log));
    }
    // They are the whole process'.
    this.#trimTimer = setInterval(trimChunks, TRIM_MS).unref();
    for (const [name, pool] of this.#pools) await listenFor(`pools.${name}.listen`, pool.start());
  }

  pool(name: string): Pool {
    const found = this.#pools.get(name);
    if (found === undefined) throw notRunning(name);
    return found;
  }

  pools(): readonly Pool[] {
    return [...this.#pools.values()];
  }

  async drain(): Promise<void> {
    const drained = [...this.#pools].map(([name, pool]) => pool.drain((this.#config.pools[name] as PoolConfig).timeouts.drain));
    await Promise.all(drained);
  }

  stop(): void {
    clearInterval(this.#trimTimer);
    for (const pool of this.#pools.values()) pool.stop();
  }

  snapshots(): PoolSnapshot[] {
    return this.pools().map((pool) => {
      pool.refreshCounters();
      const backends = pool.backends.map(({ node, counters }) => ({ node, counters }));
      return { name: pool.name, counters: pool.counters, commandNames: COMMAND_NAMES, ringHash: ringHash(pool.topology), backends };
    });
  }

  #info(): InfoSection[] {
    return [
      {
        name: 'Server',
        fields: {
          redis_version: REDIS_VERSION,
          redis_mode: 'standalone',
          keyfan_version: VERSION,
          process_id: process.pid,
          ...(this.#role === null ? {} : { keyfan_worker: this.#role.worker }),
          uptime_in_seconds: Math.floor(process.uptime()),
        },
      },
      { name: 'Persistence', fields: { loading: 0 } },
      { name: 'Replication', fields: { role: 'master', connected_slaves: 0 } },
    ];
  }
}

export const COMMAND_NAMES: readonly string[] = [...COMMAND_ROWS.map((row) => row.name), 'other'];

function poolOptions(name: string, pool: PoolConfig, topology: Topology, memory: Memory, info: () => InfoSection[]): PoolOptions {
  const { limits, timeouts } = pool;
  return {
    name,
    listen: pool.listen,
    topology,
    nodes: pool.nodes.map((node) => backendOptions(node, pool)),
    credentials: pool.client_password === undefined ? null : { username: pool.client_username, password: pool.client_password },
    limits: {
      clientsMax: limits.clients,
      inFlightMax: limits.client_in_flight,
      unsentBytesMax: limits.client_unsent,
      queryBytesMax: limits.client_query,
      bulkMax: limits.request_size,
    },
    database: pool.database,
    databasesMax: limits.databases,
    clientIdleMs: timeouts.client_idle,
    clientRequestMs: timeouts.client_request,
    clientStallMs: timeouts.client_stall,
    memory,
    requestTimeoutMs: timeouts.request,
    autoEject: { enabled: pool.auto_eject.enabled, failuresMax: pool.auto_eject.failures, retryMs: pool.auto_eject.retry },
    shareScripts: pool.scripts === 'shared',
    subscriptionsMax: limits.client_subscriptions,
    adminAllowed: pool.admin_commands === 'allow',
    writesToAll: (topology.source.options as { writes?: unknown }).writes === 'all',
    info,
  };
}

function backendOptions(node: NodeConfig, pool: PoolConfig): BackendOptions {
  const { limits, timeouts, reconnect } = pool;
  return {
    node: node.name,
    endpoint: node.address,
    credentials: node.password === undefined ? undefined : { username: node.username, password: node.password },
    connectTimeoutMs: timeouts.connect,
    requestTimeoutMs: timeouts.request,
    idleMs: timeouts.node_idle,
    inFlightMax: limits.node_in_flight,
    queuedBytesMax: limits.node_queued,
    leasesMax: limits.node_leases,
    reservedMax: limits.node_reserved,
    database: pool.database,
    reconnect: { minMs: reconnect.min, maxMs: reconnect.max },
  };
}
