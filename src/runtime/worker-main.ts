/** The entry of a worker process. It ends when the primary says so or is no more. */
import type { Socket } from 'node:net';
import { exitProcess } from './exit-process.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Worker } from './worker.ts';

/** Sent to a whole group of processes (Ctrl-C, systemd) they are for the primary, which tells its workers in good order. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'] as const) process.on(signal, () => {});

let worker: Worker | null = null;

/** Resolves when it is sent, or nobody is there to read it. */
function post(message: ToPrimary): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

/** Finishes what it has and ends. */
function end(): void {
  const drained = worker === null ? Promise.resolve() : worker.drain();
  drained.then(() => exitProcess(0), fail);
}

function fail(error: unknown): void {
  process.stderr.write(`keyfan: ${error instanceof Error ? error.message : String(error)}\n`);
  void exitProcess(1);
}

process.on('message', (message: ToWorker, socket: Socket | null | undefined) => {
  switch (message.type) {
    case 'start':
      worker = new Worker(message, post);
      worker.start().catch(fail);
      return;
    case 'client':
      worker?.take(message, socket ?? null);
      return;
    case 'pause':
      worker?.pause(message);
      return;
    case 'question':
      void worker?.question(message);
      return;
    case 'answers':
      worker?.answers(message);
      return;
    case 'report':
      worker?.report(message.ask);
      return;
    case 'drain':
      end();
  }
});
process.on('disconnect', end);
