import { connect, type Socket } from 'node:net';
import type { Fleet } from './fleet.ts';
import { within } from './wait.ts';

/** A connection that does not read before it is told to (`resume`). */
export async function deafClient(fleet: Fleet): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: fleet.port });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  return socket;
}

/** Counts what comes, once it is read, until `wanted` bytes have come or the other side ends. */
export function drainBytes(socket: Socket, wanted: number, deadlineMs = 30_000): Promise<number> {
  let bytes = 0;
  const done = new Promise<number>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes >= wanted) resolve(bytes);
    });
    socket.on('close', () => resolve(bytes));
  });
  return within(done, () => `${wanted} bytes, got ${bytes}`, deadlineMs);
}
