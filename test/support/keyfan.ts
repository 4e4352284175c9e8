import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/index.ts';
import { startDaemon } from './daemon.ts';
import { Metrics } from './fleet.ts';
import { freePort } from './ports.ts';
import { PROJECT_ROOT } from './project.ts';
import { connectResp } from './resp-client.ts';
import { until } from './wait.ts';

/** keyfan as compiled together with this file. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A pool as in the configuration; its listener is keyfan's to choose. */
export type PoolInput = Omit<ConfigInput['pools'][string], 'listen'>;

/** keyfan in a process of its own, with one pool. */
export interface KeyfanProcess {
  readonly port: number;
  readonly pid: number;
  readonly gone: boolean;
  metrics(): Promise<Metrics>;
  /** The end of what it wrote. */
  output(): string;
  stop(): Promise<void>;
}

export interface KeyfanOptions {
  /** Flags of Node.js. */
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Soft limit of open files, where it must be above what this process has. */
  readonly files?: number;
}

export async function startKeyfan(pool: PoolInput, options: KeyfanOptions = {}): Promise<KeyfanProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-process-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = {
    admin: { listen: `127.0.0.1:${adminPort}` },
    log: { level: 'warn' },
    pools: { pool: { listen: `127.0.0.1:${port}`, ...pool } },
  };
  const file = join(dir, 'keyfan.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const command = [process.execPath, ...(options.nodeArgs ?? []), MAIN, '--config', file];
  const limited = options.files === undefined ? command : ['/usr/bin/prlimit', `--nofile=${options.files}`, ...command];
  const daemon = startDaemon(limited[0] as string, limited.slice(1), {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ...options.env },
  });
  await until(
    () => daemon.gone || answersPing(port),
    () => `keyfan to answer PING; it wrote:\n${daemon.output()}`,
  );
  if (daemon.gone) throw new Error(`${await daemon.exited}; it wrote:\n${daemon.output()}`);
  return {
    port,
    pid: daemon.pid,
    get gone() {
      return daemon.gone;
    },
    output: () => daemon.output(),
    async metrics() {
      const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
      return new Metrics(await response.text());
    },
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
