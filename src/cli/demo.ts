/** `keyfan demo`: three local Redis nodes that keep their data, keyfan before them, and what to try. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { parseConfig } from '../config/load.ts';
import type { ConfigInput, PoolConfig } from '../config/schema.ts';
import { poolTopology } from '../config/topology.ts';
import { createLog } from '../observe/pino.ts';
import { createProxy } from '../proxy.ts';
import { isStrategyPath } from '../routing/load-strategy.ts';
import type { Topology } from '../routing/topology.ts';
import { type Endpoint, formatEndpoint } from '../util/endpoint.ts';
import { claimDirectory } from './demo-dir.ts';
import { type DemoNode, isFree, startNode } from './demo-node.ts';
import { welcome } from './demo-welcome.ts';
import { EXIT, type Io } from './exit.ts';
import { flagOf, fromFlags } from './flags.ts';
import { startFailure } from './serve.ts';

export interface DemoFlags {
  readonly dir: string;
  readonly strategy: string;
  readonly listen?: string;
  readonly admin?: string;
}

/** Names are the nodes' identity in the ring: kept from run to run, keys are found again whatever the ports. */
const NODES = [
  { name: 'node1', port: 7001 },
  { name: 'node2', port: 7002 },
  { name: 'node3', port: 7003 },
];
const NODE_NAMES = NODES.map(({ name, port }) => `${name} 127.0.0.1:${port}`);
const LISTEN_PORT = 6400;
const ADMIN_PORT = 9600;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export async function demo(flags: DemoFlags, io: Io): Promise<number> {
  const topology = await judge(flags);
  const binary = io.env.REDIS_SERVER ?? 'redis-server';
  if (spawnSync(binary, ['--version']).status !== 0) {
    io.err(`keyfan: ${binary} does not run here. On Debian and Ubuntu: apt-get install redis-server\n`);
    return EXIT.failed;
  }
  const dir = resolve(flags.dir);
  const release = claimDirectory(dir);
  // Stopping is bounded in time, so further signals change nothing. (npm hands Ctrl-C on a second time.)
  const signalled = new Promise<void>((done) => {
    for (const signal of SIGNALS) process.on(signal, () => done());
  });
  const nodes: DemoNode[] = [];
  try {
    for (const { name, port } of NODES) nodes.push(await startNode(binary, name, dir, port));
    return await runProxy(nodes, dir, flags, topology, io, signalled);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    release();
    io.out(`The nodes have stopped; their data stay in ${dir}.\n`);
  }
}

/** Whatever is wrong with the flags is said before any node is started. */
async function judge(flags: DemoFlags): Promise<Topology> {
  const input = inputOf(flags, NODES, flags.listen ?? '127.0.0.1:0', flags.admin ?? '127.0.0.1:0');
  const { pools } = fromFlags(() => parseConfig(input), NODE_NAMES);
  return poolTopology(pools.demo as PoolConfig);
}

function inputOf({ strategy }: DemoFlags, nodes: readonly { name: string; port: number }[], listen: string, admin: string) {
  return {
    admin: { listen: admin },
    log: { level: 'warn' },
    pools: {
      demo: {
        listen,
        // The configuration is written to another directory than the one the flag is relative to.
        strategy: isStrategyPath(strategy) ? resolve(strategy) : strategy,
        nodes: nodes.map(({ name, port }) => ({ name, address: `127.0.0.1:${port}` })),
        timeouts: { drain: '2s' },
      },
    },
  } satisfies ConfigInput;
}

async function runProxy(
  nodes: readonly DemoNode[],
  dir: string,
  flags: DemoFlags,
  topology: Topology,
  io: Io,
  signalled: Promise<void>,
): Promise<number> {
  const input = inputOf(flags, nodes, flags.listen ?? (await preferred(LISTEN_PORT)), flags.admin ?? (await preferred(ADMIN_PORT)));
  const config = fromFlags(() => parseConfig(input), NODE_NAMES);
  const proxy = createProxy(config, { log: createLog(config.log.level) });
  try {
    await proxy.start();
  } catch (error) {
    return startFailure(error, io, (key) => flagOf(key, NODE_NAMES));
  }
  const endpoint = formatEndpoint(proxy.address('demo'));
  const admin = formatEndpoint(proxy.adminAddress() as Endpoint);
  const file = join(dir, 'keyfan.yaml');
  writeFileSync(file, stringify({ ...input, admin: { listen: admin }, pools: { demo: { ...input.pools.demo, listen: endpoint } } }));
  io.out(welcome({ endpoint, admin, nodes, file, name: flags.strategy, topology }));
  await signalled;
  io.out('\nStopping …\n');
  await proxy.drain();
  await proxy.stop();
  return EXIT.ok;
}

async function preferred(port: number): Promise<string> {
  return `127.0.0.1:${(await isFree(port)) ? port : 0}`;
}
