import { connect, type Socket } from 'node:net';
import { ReplyCounter } from './replies.ts';

/** Where load is sent. */
export type Destination = { readonly port: number } | { readonly path: string };

export interface Client {
  readonly socket: Socket;
  readonly replies: ReplyCounter;
}

/** One for all clients: a read is counted before the next one. */
const readBuffer = Buffer.alloc(256 * 1024);

/** Opens `count` connections; `onReplies` is told how many replies ended in a read. */
export async function openClients(
  destination: Destination,
  count: number,
  onReplies: (client: number, replies: number) => void,
  onFailure: (error: Error) => void,
): Promise<Client[]> {
  const to = 'path' in destination ? destination : { ...destination, host: '127.0.0.1' };
  const sockets: Socket[] = [];
  const open = (index: number): Promise<Client> =>
    new Promise((resolve, reject) => {
      const replies = new ReplyCounter();
      const callback = (size: number, bytes: Uint8Array): boolean => {
        const ended = replies.feed(bytes as Buffer, size);
        if (ended > 0) onReplies(index, ended);
        return true;
      };
      const socket = connect({ ...to, noDelay: true, onread: { buffer: readBuffer, callback } });
      const client = { socket, replies };
      sockets.push(socket);
      socket.once('connect', () => resolve(client));
      socket.once('error', (error) => {
        reject(error);
        onFailure(error);
      });
      socket.once('end', () => onFailure(new Error('the connection was closed by the other side')));
    });
  try {
    return await Promise.all(Array.from({ length: count }, (_, index) => open(index)));
  } catch (error) {
    for (const socket of sockets) socket.destroy();
    throw error;
  }
}

/** Closes them; throws where one was answered with an error. */
export function closeClients(clients: readonly Client[]): void {
  for (const { socket } of clients) socket.destroy();
  const errors = clients.reduce((sum, { replies }) => sum + replies.errors, 0);
  const first = clients.find(({ replies }) => replies.errors > 0)?.replies.firstError;
  if (first !== undefined) throw new Error(`${errors} error replies, the first: ${first}`);
}
