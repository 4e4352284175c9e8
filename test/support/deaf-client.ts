import { connect, type Socket } from 'node:net';
import type { Fleet } from './fleet.ts';

/** A connection that does not read before it is told to (`resume`). */
export async function deafClient(fleet: Fleet): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: fleet.port });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  return socket;
}
