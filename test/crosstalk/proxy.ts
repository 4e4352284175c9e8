import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { Metrics } from '../support/fleet.ts';
import { until } from '../support/wait.ts';

/** A pool as it stands in the configuration file. */
export interface Pool {
  readonly listen: '127.0.0.1:0';
  readonly strategy: unknown;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  readonly timeouts?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string | number>>;
  readonly reconnect?: Readonly<Record<string, string>>;
}

/** How long keyfan may take to come to rest. */
const REST_MS = 15_000;

/** keyfan as users run it: a process with a configuration file. */
export class Proxy {
  readonly daemon: Daemon;
  readonly #dir: string;
  readonly #pools: Readonly<Record<string, Pool>>;
  #ready: { pools: Record<string, string>; admin: string } = { pools: {}, admin: '' };

  private constructor(daemon: Daemon, dir: string, pools: Readonly<Record<string, Pool>>) {
    this.daemon = daemon;
    this.#dir = dir;
    this.#pools = pools;
  }

  /** `main` is the built dist/src/main.js to run. */
  static async start(main: string, pools: Readonly<Record<string, Pool>>): Promise<Proxy> {
    const dir = await mkdtemp(join(tmpdir(), 'keyfan-crosstalk-'));
    const file = join(dir, 'keyfan.yaml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ admin: { listen: '127.0.0.1:0' }, pools }, null, 2));
    const proxy = new Proxy(startDaemon(process.execPath, [main, '-c', file]), dir, pools);
    try {
      await proxy.#awaitReady();
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  async #awaitReady(): Promise<void> {
    const line = await until(
      () => {
        if (this.daemon.gone) throw new Error(`it ended: ${this.daemon.output()}`);
        return this.daemon
          .output()
          .split('\n')
          .find((text) => text.includes('"keyfan is ready"'));
      },
      () => `keyfan to be ready; it wrote:\n${this.daemon.output()}`,
    );
    this.#ready = JSON.parse(line);
  }

  port(pool: string): number {
    return Number((this.#ready.pools[pool] as string).split(':')[1]);
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await (await fetch(`http://${this.#ready.admin}/metrics`)).text());
  }

  /** Resolves once every node is up. */
  async serving(): Promise<void> {
    for (const [pool, { nodes }] of Object.entries(this.#pools)) {
      await until(async () => (await this.metrics()).sum('keyfan_backend_up', { pool }) === nodes.length, `pool ${pool} to be up`);
    }
  }

  /**
   * With nothing asked any more: waits until nothing is in flight and for every node sent = delivered + dropped + failed. Returns
   * what does not hold even then.
   */
  async imbalances(): Promise<string[]> {
    let found: string[] = [];
    const balanced = async (): Promise<boolean> => {
      const metrics = await this.metrics();
      found = Object.entries(this.#pools).flatMap(([pool, { nodes }]) => nodes.flatMap(({ name }) => imbalance(metrics, pool, name)));
      return found.length === 0;
    };
    await until(balanced, 'rest', REST_MS).catch(() => {});
    return found;
  }

  async stop(): Promise<void> {
    await this.daemon.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function imbalance(metrics: Metrics, pool: string, node: string): string[] {
  const read = (name: string): number => metrics.sum(`keyfan_${name}`, { pool, node });
  const [sent, delivered, failed] = [read('backend_sent_total'), read('backend_delivered_total'), read('backend_failed_total')];
  const [dropped, inFlight] = [read('tombstoned_replies_total'), read('backend_in_flight')];
  if (sent > 0 && sent === delivered + dropped + failed && inFlight === 0) return [];
  return [`pool ${pool}, node ${node}: sent ${sent}, delivered ${delivered}, dropped ${dropped}, failed ${failed}, in flight ${inFlight}`];
}
