import { parseConfig } from '../../src/config/load.ts';
import type { PoolConfig } from '../../src/config/schema.ts';
import { poolTopology } from '../../src/config/topology.ts';
import { type ConfigInput, createProxy, type Proxy as RunningProxy } from '../../src/index.ts';
import type { Log } from '../../src/observe/log.ts';
import type { Topology } from '../../src/routing/topology.ts';
import { type RedisNode, startRedisNodes } from './redis.ts';
import { type ClientOptions, connectResp, type RespClient } from './resp-client.ts';
import type { Script } from './scripted-node.ts';
import { until } from './wait.ts';

type PoolInput = ConfigInput['pools'][string];

export interface FleetOptions {
  /** Real redis-servers to start; ignored where `addresses` are given. */
  readonly nodes?: number;
  /** Further arguments for each redis-server. */
  readonly args?: readonly string[];
  /** Nodes that a test runs itself: scripted ones, closed ports. */
  readonly addresses?: readonly string[];
  readonly strategy?: PoolInput['strategy'];
  /** Further keys of the pool. */
  readonly pool?: Partial<Omit<PoolInput, 'listen' | 'nodes' | 'strategy'>>;
  /** The process-wide limit. */
  readonly buffers?: string;
  readonly log?: Log;
  /** Wait until every node is up; on unless the test's nodes are not to come up. */
  readonly waitUp?: boolean;
}

/** Names of nodes, in the order of their indexes: keys go to the same node in every run, whatever its port. */
export const NODE_NAMES = ['a', 'b', 'c', 'd', 'e'] as const;

/** A proxy with its metrics before real or scripted nodes named a, b, c … */
export interface Fleet {
  readonly nodes: readonly RedisNode[];
  readonly proxy: RunningProxy;
  readonly port: number;
  connect(options?: ClientOptions): Promise<RespClient>;
  /** Index of the node that owns the key. */
  nodeOf(key: string): number;
  /** A key on that node; `n` tells several apart. */
  keyOn(node: number, n?: number): string;
  metrics(): Promise<Metrics>;
  /** What /readyz answers. */
  readiness(): Promise<Response>;
  /** Resolves once nothing is in flight and, for every node: sent = delivered + tombstoned + failed. */
  conserved(expected?: { readonly desyncs?: number }): Promise<void>;
  waitNode(node: number, state: 'up' | 'not up'): Promise<void>;
  stop(): Promise<void>;
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const nodes = options.addresses === undefined ? await startRedisNodes(options.nodes ?? 3, { args: options.args ?? [] }) : [];
  const addresses = options.addresses ?? nodes.map((node) => node.address);
  const pool = {
    listen: '127.0.0.1:0',
    strategy: options.strategy ?? 'ring',
    nodes: addresses.map((address, i) => ({ name: NODE_NAMES[i] as string, address })),
    ...options.pool,
  } as PoolInput;
  const buffers = options.buffers === undefined ? {} : { buffers: options.buffers };
  const config: ConfigInput = { ...buffers, admin: { listen: '127.0.0.1:0' }, pools: { pool } };
  const topology = await poolTopology(parseConfig(config).pools.pool as PoolConfig);
  const proxy = createProxy(config, options.log === undefined ? {} : { log: options.log });
  await proxy.start();
  const fleet = new LocalFleet(nodes, proxy, topology);
  if (options.waitUp ?? true) await Promise.all(addresses.map((_, i) => fleet.waitNode(i, 'up')));
  return fleet;
}

class LocalFleet implements Fleet {
  readonly nodes: readonly RedisNode[];
  readonly proxy: RunningProxy;
  readonly #topology: Topology;
  readonly #keys = new Map<number, string[]>();
  #nextKey = 0;

  constructor(nodes: readonly RedisNode[], proxy: RunningProxy, topology: Topology) {
    this.nodes = nodes;
    this.proxy = proxy;
    this.#topology = topology;
  }

  get port(): number {
    return (this.proxy.address('pool') as { port: number }).port;
  }

  connect(options?: ClientOptions): Promise<RespClient> {
    return connectResp(this.port, options);
  }

  nodeOf(key: string): number {
    const bytes = Buffer.from(key);
    return this.#topology.nodeFor(bytes, 0, bytes.length);
  }

  keyOn(node: number, n = 0): string {
    if (this.#topology.nodes[node] === undefined) throw new Error(`there is no node ${node}`);
    for (;;) {
      const found = this.#keys.get(node)?.[n];
      if (found !== undefined) return found;
      const key = `key:${this.#nextKey++}`;
      const owner = this.nodeOf(key);
      this.#keys.set(owner, [...(this.#keys.get(owner) ?? []), key]);
    }
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await (await this.#admin('metrics')).text());
  }

  readiness(): Promise<Response> {
    return this.#admin('readyz');
  }

  #admin(path: string): Promise<Response> {
    const { port } = this.proxy.adminAddress() as { port: number };
    return fetch(`http://127.0.0.1:${port}/${path}`);
  }

  async conserved(expected: { readonly desyncs?: number } = {}): Promise<void> {
    let seen: string[] = [];
    await until(
      async () => {
        const metrics = await this.metrics();
        seen = this.#names().map((node) => {
          const read = (name: string): number => metrics.sum(`keyfan_${name}`, { node });
          const [sent, delivered, failed] = [read('backend_sent_total'), read('backend_delivered_total'), read('backend_failed_total')];
          const dropped = read('tombstoned_replies_total');
          const balanced = sent === delivered + dropped + failed && read('backend_in_flight') === 0;
          return balanced ? '' : `node ${node}: sent ${sent}, delivered ${delivered}, dropped ${dropped}, failed ${failed}`;
        });
        return seen.every((text) => text === '');
      },
      () => `sent = delivered + dropped + failed; ${seen.join('; ')}`,
    );
    const desyncs = (await this.metrics()).sum('keyfan_backend_desync_total');
    if (desyncs !== (expected.desyncs ?? 0)) throw new Error(`${desyncs} desyncs, expected ${expected.desyncs ?? 0}`);
  }

  async waitNode(node: number, state: 'up' | 'not up'): Promise<void> {
    const name = NODE_NAMES[node] as string;
    const wanted = state === 'up' ? 1 : 0;
    await until(async () => (await this.metrics()).sum('keyfan_backend_up', { node: name }) === wanted, `node ${name} to be ${state}`);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #names(): string[] {
    return this.#topology.nodes.map((node) => node.name);
  }
}

/** A scrape in Prometheus' text format. */
export class Metrics {
  readonly #samples: { readonly name: string; readonly labels: Map<string, string>; readonly value: number }[] = [];

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) continue;
      const labels = new Map([...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key as string, value as string]));
      this.#samples.push({ name: match[1] as string, labels, value: Number(match[3]) });
    }
  }

  /** Sum of all samples of that name that have these labels; 0 where there are none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    const found = this.#samples.filter(
      (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels.get(key) === value),
    );
    return found.reduce((sum, sample) => sum + sample.value, 0);
  }
}

/** Calls of each command at a node, from INFO commandstats: `{ mget: 1 }`. */
export async function commandCalls(node: RedisNode): Promise<Record<string, number>> {
  const text = String(await node.call('INFO', 'commandstats'));
  return Object.fromEntries([...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, Number(calls)]));
}

/** A script that answers PING as a healthy node does, keyfan's handshake and probes, and leaves the rest to `script`. */
export function healthy(script: Script): Script {
  return (request) => (request.args[0] === 'PING' ? '+PONG\r\n' : script(request));
}
