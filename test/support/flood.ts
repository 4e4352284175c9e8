import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tick } from '../../src/util/clock.ts';
import { tcpMemory } from '../../src/util/tcp-memory.ts';
import { until } from './wait.ts';

const PIECE = Buffer.alloc(1024 * 1024);

/** Has the kernel hold more and more of what is written and not read until `enough`: by default until it is a flood, see `TcpMemory`. Resolves with what ends it. */
export async function startFlood(enough = () => tcpMemory.flooded): Promise<() => void> {
  const accepted: Socket[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.pause())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await until(() => {
    for (let i = 0; i < 16; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      for (let piece = 0; piece < 4; piece++) socket.write(PIECE);
      sockets.push(socket);
    }
    tick();
    return enough();
  }, 'a flood');
  return () => {
    for (const socket of [...sockets, ...accepted]) socket.destroy();
    server.close();
  };
}
