/** A worker process, from the primary's side. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Handed, Taker } from './handout.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import type { Ending, WorkerProcess } from './supervisor.ts';

/** The worker's own entry, beside this file: `.ts` in the sources, `.js` when built. */
const ENTRY = fileURLToPath(new URL(`./worker-main${extname(import.meta.url)}`, import.meta.url));

export class WorkerLink implements WorkerProcess, Taker {
  readonly pid: number;
  readonly #child: ChildProcess;

  constructor(onMessage: (message: ToPrimary) => void, ended: (how: Ending) => void) {
    // Structured clones: typed arrays arrive as such.
    this.#child = fork(ENTRY, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.pid = this.#child.pid ?? -1;
    this.#child.on('message', onMessage);
    onEnd(this.#child, ended);
  }

  post(message: ToWorker): void {
    // What cannot be sent any more needs no answer: the end of the worker is told by itself.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  hand(client: Handed, socket: Socket): void {
    if (!this.#child.connected) return;
    // Otherwise node:child_process keeps a list of every socket on both sides, so that this server's close() can wait for all.
    (socket as unknown as { server: null }).server = null;
    // Kept open: given away for good, a socket stays open for ever where the worker dies before it has it.
    this.#child.send({ type: 'client', ...client } satisfies ToWorker, socket, { keepOpen: true }, () => {});
  }

  drain(): void {
    this.post({ type: 'drain' });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Once the process is gone and everything it has said is read: the two come in any order. */
function onEnd(child: ChildProcess, ended: (how: Ending) => void): void {
  let how: Ending | null = null;
  let done = false;
  const look = (): void => {
    if (done || how === null || child.connected) return;
    done = true;
    ended(how);
  };
  child.once('exit', (code, signal) => {
    how = { code, signal };
    look();
  });
  child.once('disconnect', look);
  child.on('error', () => {
    // It could not be started; a failed send has its callback.
    if (child.pid !== undefined) return;
    how = { code: null, signal: null };
    setImmediate(look);
  });
}
