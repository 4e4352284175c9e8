import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Daemon, processState, startDaemon } from './daemon.ts';
import { Metrics } from './fleet.ts';
import { PROJECT_ROOT } from './project.ts';
import { type RedisNode, startRedisNodes } from './redis.ts';
import { until } from './wait.ts';

export const MAIN = join(PROJECT_ROOT, 'dist/src/main.js');

/** The keyfan command with several workers. */
export interface Workers {
  readonly daemon: Daemon;
  readonly nodes: readonly RedisNode[];
  readonly pools: Readonly<Record<string, string>>;
  readonly admin: string;
  metrics(): Promise<Metrics>;
  /** Process ids of the workers now in service, by number; read from the log. */
  pids(): Map<number, number>;
  /** How many lines of the log hold that message. */
  lines(message: string): Record<string, unknown>[];
}

export interface WorkersOptions {
  readonly workers?: number | 'auto';
  /** Further lines of the pool `p`. */
  readonly pool?: string;
  readonly listen?: string;
  readonly nodes?: number;
}

/** Starts it before real nodes and waits until it is ready. It is ended with the test, its workers too. */
export async function startWorkers(t: Test, options: WorkersOptions = {}): Promise<Workers> {
  const { workers = 2, pool = '', listen = '127.0.0.1:0', nodes: count = 2 } = options;
  const nodes = await startRedisNodes(count);
  const listed = nodes.map((node, i) => `{ name: n${i}, address: "${node.address}" }`).join(', ');
  const text = [
    `workers: ${workers}`,
    'admin: { listen: 127.0.0.1:0 }',
    'pools:',
    '  p:',
    `    listen: "${listen}"`,
    `    nodes: [${listed}]`,
    ...pool.split('\n').map((line) => `    ${line}`),
  ];
  const path = join(t.testdir({}), 'keyfan.yaml');
  writeFileSync(path, `${text.join('\n')}\n`);
  const log = new LogLines();
  const daemon = startDaemon(process.execPath, [MAIN, '-c', path], { onOutput: (chunk) => log.add(chunk) });
  t.teardown(async () => {
    await daemon.kill();
    await until(() => [...log.pids().values()].every((pid) => !isAlive(pid)), 'no worker to be left');
    await Promise.all(nodes.map((node) => node.stop()));
  });
  const [ready] = await until(
    () => {
      if (daemon.gone) throw new Error(`it ended: ${daemon.output()}`);
      const found = log.with('keyfan is ready');
      return found.length > 0 && found;
    },
    () => `keyfan to be ready; it wrote:\n${daemon.output()}`,
  );
  const { pools, admin } = ready as unknown as { pools: Record<string, string>; admin: string };
  return {
    daemon,
    nodes,
    pools,
    admin,
    metrics: async () => new Metrics(await (await fetch(`http://${admin}/metrics`)).text()),
    pids: () => log.pids(),
    lines: (message) => log.with(message),
  };
}

/** False for one that has ended and was not yet waited for: an orphan's new parent may take its time. */
export function isAlive(pid: number): boolean {
  try {
    return processState(pid) !== 'Z';
  } catch {
    return false;
  }
}

/** Whole lines of JSON; what is not JSON (a stack trace) is left out. */
class LogLines {
  readonly #lines: Record<string, unknown>[] = [];
  #rest = '';

  add(chunk: string): void {
    const parts = (this.#rest + chunk).split('\n');
    this.#rest = parts.pop() as string;
    for (const part of parts) if (part.startsWith('{')) this.#lines.push(JSON.parse(part) as Record<string, unknown>);
  }

  with(message: string): Record<string, unknown>[] {
    return this.#lines.filter((line) => line.msg === message);
  }

  pids(): Map<number, number> {
    const pids = new Map<number, number>();
    for (const line of this.#lines) {
      const { msg, worker, worker_pid: pid } = line as { msg: string; worker: number; worker_pid: number };
      if (msg === 'worker is ready') pids.set(worker, pid);
      if (msg.startsWith('worker ended') && pids.get(worker) === pid) pids.delete(worker);
    }
    return pids;
  }
}
