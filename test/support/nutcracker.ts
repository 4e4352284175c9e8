import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort, listensOn } from './ports.ts';
import { until } from './wait.ts';

export interface Nutcracker {
  readonly pid: number;
  /** Port of the first pool. */
  readonly port: number;
  /** Port of each pool, by the pool's name. */
  readonly ports: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export const NUTCRACKER = process.env.NUTCRACKER ?? ['/usr/sbin/nutcracker', '/usr/bin/nutcracker'].find((path) => existsSync(path));

/** False where the machine has none; the tests that compare with it say that they skip. */
export const hasNutcracker = NUTCRACKER !== undefined;

const ATTEMPTS = 5;

/**
 * Starts the real nutcracker on a configuration. In the text each `{port}` becomes a free port of its own; ports typed
 * out are taken as they are. Resolves when every TCP pool accepts connections.
 */
export async function startNutcracker(yaml: string, options: { readonly args?: readonly string[] } = {}): Promise<Nutcracker> {
  if (NUTCRACKER === undefined) throw new Error('nutcracker is not installed');
  let lastError: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const dir = await mkdtemp(join(tmpdir(), 'keyfan-nutcracker-'));
    // nutcracker reads block style only; written anew, a test may use YAML's short forms.
    const text = stringify(parse(await withPorts(yaml)));
    const file = join(dir, 'nutcracker.yml');
    await writeFile(file, text);
    const args = ['-c', file, '-s', String(await freePort()), '-a', '127.0.0.1', ...(options.args ?? [])];
    const daemon = startDaemon(NUTCRACKER, args, { cwd: dir });
    const ports = listenPorts(text);
    try {
      await accepting(daemon, [...ports.values()]);
      return running(daemon, ports, dir);
    } catch (error) {
      lastError = error;
      await daemon.kill();
      await rm(dir, { recursive: true, force: true });
      if (!/in use/i.test(String(error))) break;
    }
  }
  throw lastError;
}

function running(daemon: Daemon, ports: Map<string, number>, dir: string): Nutcracker {
  return {
    pid: daemon.pid,
    port: [...ports.values()][0] as number,
    ports,
    async stop() {
      await daemon.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function withPorts(yaml: string): Promise<string> {
  let text = yaml;
  while (text.includes('{port}')) text = text.replace('{port}', String(await freePort()));
  return text;
}

function listenPorts(yaml: string): Map<string, number> {
  const pools = Object.entries(parse(yaml) as Record<string, { listen: string }>);
  return new Map(pools.filter(([, pool]) => pool.listen.includes(':')).map(([name, pool]) => [name, Number(pool.listen.split(':').pop())]));
}

async function accepting(daemon: Daemon, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    await until(
      () => daemon.gone || listensOn(daemon.pid, port),
      () => `nutcracker to listen on ${port}; it wrote:\n${daemon.output()}`,
    );
    if (daemon.gone) throw new Error(`${await daemon.exited}; it wrote:\n${daemon.output()}`);
    await until(() => accepts(port), `nutcracker to accept on ${port}`);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
