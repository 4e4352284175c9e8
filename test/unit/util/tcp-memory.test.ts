import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { tick } from '../../../src/util/clock.ts';
import { TcpMemory } from '../../../src/util/tcp-memory.ts';
import { until } from '../../support/wait.ts';

/** As Linux writes it. */
const sockstat = (pages: number): string =>
  `sockets: used 301\nTCP: inuse 27 orphan 0 tw 4 alloc 31 mem ${pages}\nUDP: inuse 3 mem 99999\nFRAG: inuse 0 memory 0\n`;

/** From here on it is read again. */
async function later(): Promise<void> {
  const now = tick();
  await until(() => tick() > now, 'the clock to go on');
}

t.test('crowded from 64 MiB on, as of the read batch at hand', async (t) => {
  const path = join(t.testdir(), 'sockstat');
  writeFileSync(path, sockstat(16 * 1024));
  const memory = new TcpMemory(path);
  await later();
  t.notOk(memory.crowded);
  writeFileSync(path, sockstat(16 * 1024 + 1));
  t.notOk(memory.crowded, 'once for each batch');
  await later();
  t.ok(memory.crowded);
});

t.test('never crowded where the system does not tell', async (t) => {
  t.notOk(new TcpMemory(join(t.testdir(), 'none')).crowded);
  const path = join(t.testdir({ other: 'something else\n' }), 'other');
  t.notOk(new TcpMemory(path).crowded);
});

t.test('Linux tells what is written and not read', { skip: process.platform !== 'linux' }, async (t) => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.pause()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const memory = new TcpMemory();
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of [...sockets, ...accepted]) socket.destroy();
    server.close();
  });
  const piece = Buffer.alloc(1024 * 1024);
  await until(() => {
    if (memory.crowded) return true;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    for (let i = 0; i < 4; i++) socket.write(piece);
    sockets.push(socket);
    tick();
    return false;
  }, 'the kernel to hold 64 MiB');
  t.ok(sockets.length > 4, `with ${sockets.length} sockets`);
});
