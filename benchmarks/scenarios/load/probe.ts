import { connect } from 'node:net';
import { type Job, tell } from './job.ts';
import { Latencies, type Summary } from './latencies.ts';

export interface ProbeArgs {
  readonly port: number;
}

const PONG = '+PONG\r\n';

/** PING, and one more a millisecond after each reply. */
export function probe({ port }: ProbeArgs): Job<Summary> {
  const latencies = new Latencies();
  let sentAt = 0;
  let heard = '';
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const send = (): void => {
    sentAt = performance.now();
    socket.write('*1\r\n$4\r\nPING\r\n');
  };
  socket.on('connect', () => {
    send();
    tell('started');
  });
  return {
    result: new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => resolve(latencies.summary()));
      socket.on('data', (bytes) => {
        heard += bytes.toString('latin1');
        if (heard.length < PONG.length) return;
        if (heard !== PONG) reject(new Error(`PING was answered ${heard}`));
        heard = '';
        latencies.add(performance.now() - sentAt);
        setTimeout(send, 1);
      });
    }),
    stop: () => socket.destroy(),
  };
}
