import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../test/support/daemon.ts';
import { hasNutcracker, startNutcracker } from '../test/support/nutcracker.ts';
import { freePort } from '../test/support/ports.ts';
import { PROJECT_ROOT } from '../test/support/project.ts';
import { type RedisNode, startRedis } from '../test/support/redis.ts';
import { connectResp } from '../test/support/resp-client.ts';
import { until } from '../test/support/wait.ts';
import type { Destination } from './load/clients.ts';

/** A running process that load can be sent to; `pid` is the one whose CPU and memory are counted. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  /** By the way it is reached; behind `unix` a proxy reaches its nodes over Unix sockets too. */
  readonly destinations: Readonly<Record<'tcp' | 'unix', Destination>>;
  stop(): Promise<void>;
}

/** What will be measured: one node directly, nutcracker, or a build of keyfan by its label. */
export interface TargetPlan {
  readonly name: string;
  start(fleet: Fleet): Promise<Target>;
}

export interface Fleet {
  readonly nodes: readonly RedisNode[];
  /** Of each node, in the same order. */
  readonly sockets: readonly string[];
  stop(): Promise<void>;
}

const NODES = 3;
/** The same placement in both proxies, so that both find the same keys on the same nodes. */
export const PLACEMENT = { hash: 'murmur', distribution: 'ketama', nodes: NODES };

export const DIRECT = 'direct';
export const NUTCRACKER = 'nutcracker';

export async function startFleet(): Promise<Fleet> {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-bench-'));
  const sockets = Array.from({ length: NODES }, (_, index) => join(dir, `node-${index}.sock`));
  const nodes = await Promise.all(sockets.map((path) => startRedis({ args: ['--unixsocket', path] })));
  return {
    nodes,
    sockets,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const direct: TargetPlan = {
  name: DIRECT,
  async start({ nodes, sockets }) {
    const node = nodes[0] as RedisNode;
    const destinations = { tcp: { port: node.port }, unix: { path: sockets[0] as string } };
    return { name: DIRECT, pid: node.pid, destinations, stop: async () => {} };
  },
};

const nutcracker: TargetPlan = {
  name: NUTCRACKER,
  async start(fleet) {
    const dir = await mkdtemp(join(tmpdir(), 'keyfan-bench-'));
    const path = join(dir, 'nutcracker.sock');
    const { hash, distribution } = PLACEMENT;
    const pool = { redis: true, hash, hash_tag: '{}', distribution, preconnect: true };
    const process = await startNutcracker(
      JSON.stringify({
        tcp: { listen: '127.0.0.1:{port}', ...pool, servers: fleet.nodes.map((node) => `${node.address}:1`) },
        unix: { listen: path, ...pool, servers: fleet.sockets.map((socket) => `${socket}:1`) },
      }),
    );
    return {
      name: NUTCRACKER,
      pid: process.pid,
      destinations: { tcp: { port: process.port }, unix: { path } },
      async stop() {
        await process.stop();
        await rm(dir, { recursive: true, force: true });
      },
    };
  },
};

/** A build of keyfan: `dist` is the directory that `npm run build` wrote. */
export function keyfan(name: string, dist: string, nodeArgs: readonly string[]): TargetPlan {
  const main = join(resolve(dist), 'src/main.js');
  if (!existsSync(main)) throw new Error(`${name}: there is no ${main}`);
  return { name, start: (fleet) => startKeyfan(name, [...nodeArgs, main], fleet) };
}

/** The build this file belongs to. */
const OWN_DIST = fileURLToPath(new URL('..', import.meta.url));

export interface TargetOptions {
  /** Of direct, nutcracker, keyfan. */
  readonly names: readonly string[];
  /** `label=distdir`, each measured in the place of keyfan; none: the build this file belongs to. */
  readonly builds: readonly string[];
  /** Flags for keyfan's node. */
  readonly nodeArgs: readonly string[];
}

export function planTargets({ names, builds, nodeArgs }: TargetOptions): TargetPlan[] {
  const plans = names.flatMap((name) => {
    if (name === DIRECT) return [direct];
    if (name === NUTCRACKER && hasNutcracker) return [nutcracker];
    if (name === NUTCRACKER) throw new Error('nutcracker is not installed: install it or use --target direct,keyfan');
    if (name !== 'keyfan') throw new Error(`unknown target ${name}: direct, nutcracker and keyfan are known`);
    return builds.length === 0 ? [keyfan('keyfan', OWN_DIST, nodeArgs)] : builds.map((build) => keyfan(...parseBuild(build), nodeArgs));
  });
  const double = plans.find(({ name }, index) => plans.findIndex((plan) => plan.name === name) !== index);
  if (double) throw new Error(`two targets are called ${double.name}`);
  return plans;
}

export function parseBuild(text: string): [label: string, dist: string] {
  const match = /^([\w.-]+)=(.+)$/.exec(text);
  if (!match) throw new Error(`--keyfan ${text}: must be label=distdir`);
  return [match[1] as string, match[2] as string];
}

async function startKeyfan(name: string, command: readonly string[], fleet: Fleet): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-bench-'));
  const [port, path] = [await freePort(), join(dir, 'keyfan.sock')];
  const strategy = { type: 'ring', hash: PLACEMENT.hash, hash_tag: '{}' };
  const config = {
    admin: { listen: `127.0.0.1:${await freePort()}` },
    log: { level: 'warn' },
    pools: {
      tcp: { listen: `127.0.0.1:${port}`, strategy, nodes: fleet.nodes.map((node) => node.address) },
      unix: { listen: `unix:${path}`, strategy, nodes: fleet.sockets.map((socket) => `unix:${socket}`) },
    },
  };
  const file = join(dir, 'keyfan.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const daemon = startDaemon(process.execPath, [...command, '--config', file], { cwd: PROJECT_ROOT });
  const stop = async (): Promise<void> => {
    await daemon.terminate();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await until(
      async () => daemon.gone || ((await answersPing(port)) && (await answersPing(path))),
      () => `${name} to answer PING; it wrote:\n${daemon.output()}`,
    );
    if (daemon.gone) throw new Error(`${await daemon.exited}; it wrote:\n${daemon.output()}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, pid: daemon.pid, destinations: { tcp: { port }, unix: { path } }, stop };
}

async function answersPing(to: number | string): Promise<boolean> {
  const client = await connectResp(to, { deadlineMs: 1000 });
  const reply = await client.command('PING').finally(() => client.close());
  return reply.text === '+PONG\r\n';
}
