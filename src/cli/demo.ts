/** `keyfan demo`: three local Redis nodes that keep their data, keyfan before them, and what to try. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { parseConfig } from '../config/load.ts';
import type { ConfigInput } from '../config/schema.ts';
import { createLog } from '../observe/pino.ts';
import { createProxy } from '../proxy.ts';
import { formatEndpoint } from '../util/endpoint.ts';
import { claimDirectory } from './demo-dir.ts';
import { type DemoNode, isFree, startNode } from './demo-node.ts';
import { EXIT, type Io } from './exit.ts';
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
const LISTEN_PORT = 6400;
const ADMIN_PORT = 9600;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export async function demo(flags: DemoFlags, io: Io): Promise<number> {
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
    return await runProxy(nodes, dir, flags, io, signalled);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    release();
    io.out(`The nodes have stopped; their data stay in ${dir}.\n`);
  }
}

async function runProxy(nodes: readonly DemoNode[], dir: string, flags: DemoFlags, io: Io, signalled: Promise<void>): Promise<number> {
  const input: ConfigInput = {
    admin: { listen: flags.admin ?? (await preferred(ADMIN_PORT)) },
    log: { level: 'warn' },
    pools: {
      demo: {
        listen: flags.listen ?? (await preferred(LISTEN_PORT)),
        strategy: flags.strategy,
        nodes: nodes.map(({ name, port }) => ({ name, address: `127.0.0.1:${port}` })),
        timeouts: { drain: '2s' },
      },
    },
  };
  const config = parseConfig(input);
  const proxy = createProxy(config, { log: createLog(config.log.level) });
  try {
    await proxy.start();
  } catch (error) {
    await proxy.stop();
    return startFailure(error, io);
  }
  const endpoint = formatEndpoint(proxy.address('demo'));
  const admin = proxy.adminAddress();
  const file = join(dir, 'keyfan.yaml');
  const adminText = admin === undefined ? '' : formatEndpoint(admin);
  writeFileSync(file, stringify({ ...input, admin: { listen: adminText }, pools: { demo: { ...input.pools.demo, listen: endpoint } } }));
  io.out(welcome(endpoint, adminText, nodes, flags.strategy, file));
  await signalled;
  io.out('\nStopping …\n');
  await proxy.drain();
  await proxy.stop();
  return EXIT.ok;
}

async function preferred(port: number): Promise<string> {
  return `127.0.0.1:${(await isFree(port)) ? port : 0}`;
}

function welcome(endpoint: string, admin: string, nodes: readonly DemoNode[], strategy: string, file: string): string {
  const cli = `redis-cli ${redisCliTarget(endpoint)}`;
  const main = quote(fileURLToPath(new URL('../main.js', import.meta.url)));
  const fetchMetrics = quote(`fetch("http://${admin}/metrics").then((r) => r.text()).then(console.log)`);
  return `
keyfan is running: one endpoint, ${nodes.length} Redis nodes, strategy ${strategy}.

  endpoint  ${endpoint}
  nodes     ${nodes.map(({ name, port }) => `${name} 127.0.0.1:${port}`).join(', ')}
  metrics   http://${admin}/metrics
  config    ${file}

Three things to try in another terminal:

  1. Write and read through the one endpoint; a second demo finds the key again:
     ${cli} set greeting hello && ${cli} get greeting

  2. Write keys to all nodes with one command, and ask which node has which:
     ${cli} mset a 1 b 2 c 3 d 4 && ${cli} mget a b c d
     node ${main} route -c ${quote(file)} --explain a b c d

  3. See what keyfan counted:
     node -e ${fetchMetrics} | grep keyfan_

Ctrl-C stops keyfan and the nodes, and keeps the data.
`;
}

function redisCliTarget(endpoint: string): string {
  if (endpoint.startsWith('unix:')) return `-s ${quote(endpoint.slice('unix:'.length))}`;
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/[[\]]/g, '');
  return `${host === '127.0.0.1' ? '' : `-h ${host} `}-p ${endpoint.slice(colon + 1)}`;
}

/** As one word of a shell command. */
function quote(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
