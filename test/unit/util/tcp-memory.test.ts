import { rmdirSync, writeFileSync } from 'node:fs';
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

t.test('flooded from 64 MiB on, as of the read batch at hand', async (t) => {
  const path = join(t.testdir(), 'sockstat');
  writeFileSync(path, sockstat(16 * 1024));
  const memory = new TcpMemory(path);
  await later();
  t.notOk(memory.flooded);
  writeFileSync(path, sockstat(16 * 1024 + 1));
  t.notOk(memory.flooded, 'once for each batch');
  await later();
  t.ok(memory.flooded);
});

t.test('never flooded where the system does not tell', async (t) => {
  const none = join(t.testdir(), 'none');
  const memory = new TcpMemory(none);
  t.notOk(memory.flooded);
  writeFileSync(none, sockstat(99_999));
  await later();
  t.notOk(memory.flooded, 'it is not looked for again');
  const path = join(t.testdir({ other: 'something else\n' }), 'other');
  t.notOk(new TcpMemory(path).flooded);
});

t.test('what may pass is tried again: as where there is no descriptor left', async (t) => {
  const path = join(t.testdir({ sockstat: {} }), 'sockstat');
  const memory = new TcpMemory(path);
  t.notOk(memory.flooded, 'a directory cannot be read');
  rmdirSync(path);
  writeFileSync(path, sockstat(99_999));
  await later();
  t.ok(memory.flooded);
});

t.test('Linux tells what is written and not read', { skip: process.platform === 'linux' ? false : 'Linux only' }, async (t) => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.pause()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of [...sockets, ...accepted]) socket.destroy();
    server.close();
  });
  const memory = new TcpMemory();
  await later();
  const before = memory.bytes;
  const piece = Buffer.alloc(1024 * 1024);
  // Other processes of the host may let go of something meanwhile: then more is written.
  await until(async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    for (let i = 0; i < 4; i++) socket.write(piece);
    sockets.push(socket);
    await later();
    return memory.bytes > before + 16 * piece.length;
  }, 'the kernel to hold 16 MiB more');
  t.ok(memory.bytes > 16 * piece.length);
});
