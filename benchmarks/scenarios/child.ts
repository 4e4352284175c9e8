import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { within } from '../../test/support/wait.ts';
import type { Tells, Told } from './load/job.ts';

const MAIN = fileURLToPath(new URL('./load/main.js', import.meta.url));
const STOP_MS = 30_000;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A job in a process of its own. */
export class Child<Result> {
  readonly result: Promise<Result>;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #events = new Set<string>();
  #waiting: { name: string; resolve: () => void }[] = [];

  /** One that gives way runs when nobody else wants the core: a load that in earnest would come from another machine. */
  constructor(job: string, args: unknown, { givesWay = false } = {}) {
    const child = fork(MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    this.pid = child.pid ?? -1;
    children.add(child);
    if (givesWay && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    this.result = new Promise((resolve, reject) => {
      child.on('message', (message: Tells) => {
        if ('event' in message) this.#onEvent(message.event);
        else if ('result' in message) resolve(message.result as Result);
        else reject(new Error(`job ${job}: ${message.error}`));
      });
      child.once('exit', (code, signal) => {
        children.delete(child);
        reject(new Error(`job ${job} ended with ${signal ?? code}`));
      });
    });
    this.result.catch(() => {});
    this.#tell({ order: { job, args } });
  }

  mark(name: string): void {
    this.#tell({ mark: name });
  }

  /** Resolves when the job has told of `name`; rejects where it fails before. */
  reached(name: string, deadlineMs: number): Promise<void> {
    if (this.#events.has(name)) return Promise.resolve();
    const told = new Promise<void>((resolve) => this.#waiting.push({ name, resolve }));
    return within(Promise.race([told, this.result.then(() => {})]), `the load: ${name}`, deadlineMs);
  }

  stop(): Promise<Result> {
    this.#tell({ stop: true });
    return within(this.result, 'a load to stop', STOP_MS).finally(() => this.kill());
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #onEvent(name: string): void {
    this.#events.add(name);
    for (const { resolve } of this.#waiting.filter((each) => each.name === name)) resolve();
    this.#waiting = this.#waiting.filter((each) => each.name !== name);
  }

  #tell(message: Told): void {
    // One that has told its result is on its way out: that nobody hears any more is no error.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
