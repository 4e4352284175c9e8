/** Ends a running service on a signal: the first one lets it finish what it has, the second one does not. */
import type { Log } from '../observe/log.ts';

export interface Stoppable {
  /** Takes nothing new and resolves when everything accepted is answered, or its time is over. */
  drain(): Promise<void>;
  /** Closes everything now. */
  stop(): Promise<void>;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** SIGHUP too: a terminal that closes sends it, and others send it in the belief that it reads the configuration anew. */
const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Resolves to the exit code once a signal has come and the service has ended: 0 drained, 1 cut short or failed. */
export function untilSignal(service: Stoppable, log: Log, signals: SignalSource = process): Promise<number> {
  return new Promise((resolve) => {
    let draining = false;

    const finish = (code: number) => {
      for (const signal of SIGNALS) signals.off(signal, onSignal);
      resolve(code);
    };

    const shutDown = async (signal: string) => {
      log.info({ signal }, 'draining');
      await service.drain();
      await service.stop();
      log.info({ signal }, 'stopped');
      finish(0);
    };

    const onSignal = (signal: NodeJS.Signals) => {
      if (draining) {
        log.warn({ signal }, 'second signal: stopping at once');
        finish(1);
        return;
      }
      draining = true;
      shutDown(signal).catch((error: unknown) => {
        log.error({ error: String(error) }, 'shutdown failed');
        finish(1);
      });
    };

    for (const signal of SIGNALS) signals.on(signal, onSignal);
  });
}
