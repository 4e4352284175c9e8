import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../test/support/daemon.ts';
import { startNutcracker } from '../test/support/nutcracker.ts';
import { freePort } from '../test/support/ports.ts';
import { PROJECT_ROOT } from '../test/support/project.ts';
import { type RedisNode, startRedisNodes } from '../test/support/redis.ts';
import { encode } from '../test/support/resp.ts';
import { connectResp } from '../test/support/resp-client.ts';
import { until } from '../test/support/wait.ts';
import { DATASETS, type Dataset, value } from './workloads.ts';

/** Something redis-benchmark can be pointed at; `pid` is the process whose CPU is counted. */
export interface Target {
  readonly name: TargetName;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export type TargetName = 'direct' | 'nutcracker' | 'keyfan';

export interface TargetOptions {
  /** Flags for keyfan's node. */
  readonly nodeArgs: readonly string[];
}

/** keyfan as compiled together with this file. */
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const NODES = 3;
/** The same placement in both proxies, so that both find the same keys on the same nodes. */
const HASH = 'murmur';

export const TARGETS: Readonly<Record<TargetName, (nodes: readonly RedisNode[], options: TargetOptions) => Promise<Target>>> = {
  direct: async ([node]) => ({ name: 'direct', port: (node as RedisNode).port, pid: (node as RedisNode).pid, stop: async () => {} }),
  nutcracker: startNutcrackerTarget,
  keyfan: startKeyfan,
};

/** Three nodes, each with every key of every dataset: whatever is asked for is there. */
export async function startNodes(keyspace: number): Promise<RedisNode[]> {
  const nodes = await startRedisNodes(NODES);
  await Promise.all(nodes.flatMap((node) => Object.values(DATASETS).map((dataset) => fill(node, dataset, keyspace))));
  return nodes;
}

async function fill(node: RedisNode, dataset: Dataset, keyspace: number): Promise<void> {
  const client = await connectResp(node.port, { deadlineMs: 60_000 });
  const batch = 1000;
  for (let first = 0; first < keyspace; first += batch) {
    const args = ['MSET'];
    for (let i = first; i < Math.min(first + batch, keyspace); i++) {
      args.push(`${dataset.prefix}:${String(i).padStart(12, '0')}`, value(dataset));
    }
    client.send(encode(args));
    await client.read(1);
  }
  await client.close();
}

async function startNutcrackerTarget(nodes: readonly RedisNode[]): Promise<Target> {
  const pool = {
    listen: '127.0.0.1:{port}',
    redis: true,
    hash: HASH,
    hash_tag: '{}',
    distribution: 'ketama',
    preconnect: true,
    servers: nodes.map((node) => `${node.address}:1`),
  };
  const nutcracker = await startNutcracker(JSON.stringify({ bench: pool }));
  return { name: 'nutcracker', port: nutcracker.port, pid: nutcracker.pid, stop: () => nutcracker.stop() };
}

async function startKeyfan(nodes: readonly RedisNode[], { nodeArgs }: TargetOptions): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-bench-'));
  const port = await freePort();
  const config = {
    admin: { listen: `127.0.0.1:${await freePort()}` },
    log: { level: 'warn' },
    pools: {
      bench: {
        listen: `127.0.0.1:${port}`,
        strategy: { type: 'ring', hash: HASH, hash_tag: '{}' },
        nodes: nodes.map((node) => node.address),
      },
    },
  };
  const file = join(dir, 'keyfan.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const daemon = startDaemon(process.execPath, [...nodeArgs, MAIN, '--config', file], { cwd: PROJECT_ROOT });
  await until(
    () => daemon.gone || answersPing(port),
    () => `keyfan to answer PING; it wrote:\n${daemon.output()}`,
  );
  if (daemon.gone) throw new Error(`${await daemon.exited}; it wrote:\n${daemon.output()}`);
  return {
    name: 'keyfan',
    port,
    pid: daemon.pid,
    async stop() {
      await daemon.terminate();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answersPing(port: number): Promise<boolean> {
  const client = await connectResp(port, { deadlineMs: 1000 });
  const reply = await client.command('PING').finally(() => client.close());
  return reply.text === '+PONG\r\n';
}
