/** The composition root of one process that does everything: its data plane and the admin server. */
import { AdminServer } from './admin/server.ts';
import { listenFor } from './config/listen-key.ts';
import { parseConfig } from './config/load.ts';
import { ConfigError } from './config/problem.ts';
import type { Config, ConfigInput } from './config/schema.ts';
import { DataPlane, notRunning } from './data-plane.ts';
import { type Log, SILENT } from './observe/log.ts';
import { createMetrics } from './observe/prometheus.ts';
import type { Endpoint } from './util/endpoint.ts';

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
