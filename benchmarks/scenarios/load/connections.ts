import { connect, type Socket } from 'node:net';
import { type Job, tell } from './job.ts';

export interface ConnectionsArgs {
  readonly port: number;
  readonly count: number;
  /** What each sends when it is open, in turn. */
  readonly send: readonly string[];
  /** A reply each waits for; empty: none. */
  readonly expect: string;
  /** Do not read what comes; such a client does not hear either that it was closed. */
  readonly deaf: boolean;
}

export interface Connections {
  readonly opened: number;
  readonly answered: number;
  readonly refused: number;
  /** Connections that keyfan closed, and when the last of them was, after all were open. */
  readonly closed: number;
  readonly lastClosedMs: number;
}

/** So many are opened at once. */
const OPENING_MAX = 200;

/** Many connections that do one thing and stay. Tells `ready` when all are open and answered, `closed` when none is left. */
export function openConnections({ port, count, send, expect, deaf }: ConnectionsArgs): Job<Connections> {
  const sockets = new Set<Socket>();
  const tally = { opened: 0, answered: 0, refused: 0, closed: 0, lastClosedMs: 0 };
  let begun = 0;
  let readyAt = 0;
  let stopped = false;
  let finish: (result: Connections) => void = () => {};
  const settled = (): number => (expect === '' ? tally.opened : tally.answered) + tally.refused;
  const check = (): void => {
    while (begun < count && begun - settled() < OPENING_MAX) open();
    if (settled() >= count && readyAt === 0) {
      readyAt = performance.now();
      tell('ready');
    }
    if (readyAt > 0 && sockets.size === 0) tell('closed');
  };
  const open = (): void => {
    const text = send[begun++ % send.length] as string;
    const socket = connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    let isOpen = false;
    let heard = '';
    socket.on('connect', () => {
      isOpen = true;
      tally.opened++;
      socket.write(text);
      if (deaf) socket.pause();
      check();
    });
    if (!deaf) {
      socket.on('data', (bytes) => {
        if (expect === '' || heard === expect) return;
        heard += bytes.toString('latin1');
        if (heard !== expect) return;
        tally.answered++;
        check();
      });
    }
    socket.on('error', () => {});
    socket.on('close', () => {
      if (stopped) return;
      sockets.delete(socket);
      if (!isOpen || (expect !== '' && heard !== expect)) tally.refused++;
      else tally.closed++;
      if (readyAt > 0) tally.lastClosedMs = performance.now() - readyAt;
      check();
    });
  };
  check();
  return {
    result: new Promise((resolve) => {
      finish = resolve;
    }),
    stop() {
      stopped = true;
      for (const socket of sockets) socket.destroy();
      finish(tally);
    },
  };
}
