/** Builds the pools of one process from the configuration: what one process and each of several workers have alike. */
import { REDIS_VERSION } from './command/generated/commands.ts';
import { COMMAND_ROWS } from './command/table.ts';
import { listenFor } from './config/listen-key.ts';
import type { Config, NodeConfig, PoolConfig } from './config/schema.ts';
import { poolTopology } from './config/topology.ts';
import type { Findings, Question } from './downstream/local/client-question.ts';
import type { InfoSection } from './downstream/local/local-context.ts';
import type { Pause } from './downstream/pauses.ts';
import type { Log } from './observe/log.ts';
import type { PoolSnapshot } from './observe/prometheus.ts';
import { ringHash } from './observe/ring-hash.ts';
import { Pool, type PoolOptions } from './pool/pool.ts';
import type { Topology } from './routing/topology.ts';
import type { BackendOptions } from './upstream/backend.ts';
import { trimChunks } from './util/chunk-pool.ts';
import { Memory } from './util/memory.ts';
import { Turn } from './util/turn.ts';
import { VERSION } from './util/version.ts';

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

export function notRunning(pool: string): Error {
  return new Error(`there is no running pool ${pool}`);
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
