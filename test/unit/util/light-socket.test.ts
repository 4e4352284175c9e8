import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Door } from '../../../src/downstream/door.ts';
import { breakOff } from '../../../src/downstream/linger.ts';
import type { Endpoint } from '../../../src/util/endpoint.ts';
import type { LightSocket, Reader } from '../../../src/util/light-socket.ts';
import { SocketSink } from '../../../src/util/socket-sink.ts';
import { until } from '../../support/wait.ts';

interface Pair {
  readonly socket: LightSocket;
  readonly client: Socket;
  /** What the socket and the client were told, in order. */
  readonly events: string[];
}

async function pair(t: Test, endpoint: Endpoint = { host: '127.0.0.1', port: 0 }): Promise<Pair> {
  const events: string[] = [];
  const sockets: LightSocket[] = [];
  const door = new Door(
    endpoint,
    () => t.fail('Node has made a socket'),
    (error) => t.fail(error.message),
    (socket) => sockets.push(socket),
  );
  await door.listen();
  const client = connect({ ...door.address(), allowHalfOpen: true });
  client.on('error', (error: NodeJS.ErrnoException) => events.push(`client: ${error.code}`));
  client.on('end', () => events.push('client: end'));
  const socket = await until(() => sockets[0], 'the client to be accepted');
  socket.on('end', () => events.push('end'));
  socket.on('close', () => events.push('close'));
  t.teardown(() => {
    client.destroy();
    socket.destroy();
    door.close();
  });
  return { socket, client, events };
}

/** Reads into one buffer, as a session does where nothing streams. */
function collector(size = 65_536): { readonly reader: Reader; readonly read: () => Buffer } {
  const buffer = Buffer.alloc(size);
  const chunks: Buffer[] = [];
  const callback = (bytes: number, buf: Buffer) => chunks.push(Buffer.from(buf.subarray(0, bytes)));
  return { reader: { buffer: () => buffer, callback }, read: () => Buffer.concat(chunks) };
}

async function received(client: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(client, 'end');
  return Buffer.concat(chunks);
}

t.test('what is sent is read, in order; nothing while it is paused', async (t) => {
  const { socket, client } = await pair(t);
  const { reader, read } = collector();
  socket.read(reader);
  client.write('a');
  await until(() => read().length === 1, 'the first byte');
  socket.pause();
  socket.pause();
  const sent = randomBytes(400_000);
  client.write(sent);
  // As many turns as the client needs to hand all of it to the kernel, and a few.
  await until(() => client.writableLength === 0 || client.bytesWritten > 100_000, 'the kernel to have some of it');
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  t.equal(read().length, 1, 'paused');
  socket.resume();
  socket.resume();
  await until(() => read().length === sent.length + 1, 'the rest');
  t.ok(read().subarray(1).equals(sent));
});

t.test('the next read goes to the buffer that was chosen last', async (t) => {
  const { socket, client } = await pair(t);
  const buffers = [Buffer.alloc(8), Buffer.alloc(8), undefined, Buffer.alloc(8)];
  const reads: [number, string][] = [];
  let asked = 0;
  socket.read({
    buffer: () => buffers[asked++] as Buffer,
    callback: (size, buf) => {
      reads.push([buffers.indexOf(buf as never), Buffer.from(buf.subarray(0, size)).toString()]);
      return true;
    },
  });
  for (const [i, text] of ['one', 'two', 'three', 'four'].entries()) {
    client.write(text);
    await until(() => reads.length === i + 1, `read ${i}`);
  }
  t.same(reads, [
    [0, 'one'],
    [1, 'two'],
    [1, 'three'],
    [3, 'four'],
  ]);
});

t.test('our end comes behind all that was written; with the end of the other side it is closed', async (t) => {
  const { socket, client, events } = await pair(t);
  socket.resume();
  const big = randomBytes(8_000_000);
  const answer = received(client);
  new SocketSink(socket).write(big);
  socket.end(() => events.push('all taken'));
  socket.end(() => events.push('never'));
  t.ok(socket.writableEnded);
  t.ok((await answer).equals(big));
  await until(() => events.includes('all taken'), 'the shutdown to be told');
  t.notOk(socket.destroyed, 'the other side is open');
  client.end();
  await until(() => events.includes('close'), 'it to be closed');
  t.ok(socket.destroyed);
  t.same(
    events.filter((event) => event !== 'client: end'),
    ['all taken', 'end', 'close'],
  );
});

t.test('the other side ends first: told once, and it can still be answered', async (t) => {
  const { socket, client, events } = await pair(t);
  const { reader, read } = collector();
  socket.read(reader);
  client.end('request');
  await until(() => events.includes('end'), 'its end');
  t.equal(read().toString(), 'request');
  socket.pause();
  socket.resume();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const answer = received(client);
  new SocketSink(socket).write(Buffer.from('reply'));
  socket.end();
  t.equal((await answer).toString(), 'reply');
  await until(() => events.includes('close'), 'it to be closed');
  t.same(
    events.filter((event) => event !== 'client: end'),
    ['end', 'close'],
  );
});

t.test('destroyed while it reads: it hears nothing more, and is closed once', async (t) => {
  const { socket, client, events } = await pair(t);
  let reads = 0;
  const buffer = Buffer.alloc(4);
  socket.read({
    buffer: () => buffer,
    callback: () => {
      reads++;
      socket.destroy();
      socket.destroy();
      t.equal(socket.remotePort, undefined);
      return true;
    },
  });
  t.equal(socket.remotePort, client.localPort);
  t.equal(socket.localPort, client.remotePort);
  t.equal(socket.remoteAddress, '127.0.0.1');
  t.equal(socket.localAddress, '127.0.0.1');
  client.write('more than four');
  await until(() => events.includes('close'), 'it to be closed');
  socket.resume();
  socket.pause();
  socket.end(() => t.fail('it is gone'));
  t.equal(reads, 1);
  t.same(
    events.filter((event) => !event.startsWith('client')),
    ['close'],
  );
});

t.test('without a reader what comes is thrown away', async (t) => {
  const { socket, client, events } = await pair(t);
  socket.resume();
  client.end(Buffer.alloc(3_000_000));
  await until(() => events.includes('end'), 'all to be read');
  t.same(events, ['end']);
});

t.test('a reset of the other side closes it, an own one resets the other side', async (t) => {
  const theirs = await pair(t);
  theirs.socket.resume();
  theirs.client.resetAndDestroy();
  await until(() => theirs.events.includes('close'), 'it to be closed');
  t.notOk(theirs.events.includes('end'));

  const ours = await pair(t);
  ours.client.resume();
  breakOff(ours.socket);
  t.ok(ours.socket.destroyed);
  await until(() => ours.events.length === 2, 'both to hear');
  t.same(ours.events.sort(), ['client: ECONNRESET', 'close']);
});

t.test('destroyed while its end is on the way: nobody is told that all was taken', async (t) => {
  const { socket, client, events } = await pair(t);
  client.pause();
  new SocketSink(socket).write(Buffer.alloc(32_000_000));
  socket.end(() => t.fail('not all was taken'));
  socket.destroy();
  await until(() => events.includes('close'), 'it to be closed');
});

t.test('a unix socket has no address, and is closed as others are', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-light-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const { socket, client, events } = await pair(t, { path: join(dir, 's') });
  const { reader, read } = collector();
  socket.read(reader);
  t.same([socket.remoteAddress, socket.localPort], [undefined, undefined]);
  client.write('hello');
  await until(() => read().toString() === 'hello', 'the greeting');
  client.resume();
  breakOff(socket);
  await until(() => events.length === 2, 'both to hear');
  t.same(events.sort(), ['client: end', 'close']);
});

t.test('TCP keeps an accepted socket alive', { skip: process.platform !== 'linux' && 'the kernel tells on Linux only' }, async (t) => {
  const { socket, client } = await pair(t);
  const port = (number: number): string => `0100007F:${number.toString(16).toUpperCase().padStart(4, '0')}`;
  const ends = `${port(socket.localPort as number)} ${port(client.localPort as number)}`;
  const row = readFileSync('/proc/self/net/tcp', 'utf8')
    .split('\n')
    .find((line) => line.includes(ends));
  // Which timer runs (2: keepalive), and when it goes off, in hundredths of a second.
  const [, timer, when] = / (\d\d):([\dA-F]{8}) /.exec((row ?? '').split(ends)[1]?.replace(/^ \d\d [\dA-F:]+/, '') ?? '') ?? [];
  t.equal(timer, '02');
  t.ok(Number.parseInt(when ?? '', 16) > 5000 && Number.parseInt(when ?? '', 16) <= 6000, `${when}`);
});
