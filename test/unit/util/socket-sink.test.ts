import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { giveChunk, LARGE_CHUNK, nearTaken, SMALL_CHUNK, takeNear } from '../../../src/util/chunk-pool.ts';
import { SocketSink } from '../../../src/util/socket-sink.ts';
import { handleOf, STREAM_WRAP, type StreamHandle } from '../../../src/util/stream-wrap.ts';
import { until } from '../../support/wait.ts';

const MIB = 1024 * 1024;

/** Both ends of a connection; nothing is read at the far one until the test says so. */
async function pair(t: Test): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  near.on('error', () => {});
  const [far] = (await once(server, 'connection')) as [Socket];
  far.on('error', () => {});
  await once(near, 'connect');
  t.teardown(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

function collect(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  return () => Buffer.concat(chunks);
}

const WHEEL = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => (i * 31) & 0xff));

/** Bytes of which each 256 hold every value; where they begin depends on `seed`. */
function numbered(size: number, seed: number): Buffer {
  const begin = seed & 0xff;
  return Buffer.alloc(size, Buffer.concat([WHEEL.subarray(begin), WHEEL.subarray(0, begin)]));
}

t.ok(STREAM_WRAP !== null, 'the way below the stream exists in this version of Node');

t.test('small writes that wait for the kernel are collected', async (t) => {
  const { near, far } = await pair(t);
  const sink = new SocketSink(near);
  const handle = handleOf(near) as StreamHandle;
  let handed = 0;
  const counted: StreamHandle['writeBuffer'] = (request, bytes) => {
    handed++;
    return Object.getPrototypeOf(handle).writeBuffer.call(handle, request, bytes);
  };
  Object.assign(handle, { writeBuffer: counted });
  const first = numbered(9 * MIB, 1);
  sink.write(first);
  const small = Array.from({ length: 5000 }, (_, i) => numbered(40, i));
  for (const bytes of small) sink.write(bytes);
  t.equal(sink.writableLength, first.length + 5000 * 40);
  t.ok(handed < 10, `${handed} writes`);
  sink.push();
  near.end();
  const received = collect(far);
  await until(() => received().length >= first.length + 5000 * 40, 'all has come');
  t.ok(received().equals(Buffer.concat([first, ...small])), 'in order');
  t.equal(sink.writableLength, 0);
});

for (const [name, wrap] of [
  ['below the stream', STREAM_WRAP],
  ['through the stream', null],
] as const) {
  t.test(`${name}: small and large writes and lists arrive in order, and what waits is counted`, async (t) => {
    const { near, far } = await pair(t);
    const sink = new SocketSink(near, wrap);
    let drained = 0;
    let done = 0;
    sink.onDrain = () => drained++;
    const writes: Buffer[] = [];
    for (let i = 0; i < 60; i++) {
      const parts = Array.from({ length: 1 + (i % 3) }, (_, n) => numbered(i % 7 === 0 ? MIB : 50 + n, i + n));
      writes.push(...parts);
      if (parts.length === 1) sink.write(parts[0] as Buffer);
      else sink.writeAll(parts, () => done++);
    }
    t.ok(sink.writableLength > 0, 'the kernel is full');
    t.ok(sink.full);
    t.ok(sink.left > 0);
    if (wrap !== null) t.ok(sink.left < sink.writableLength, 'part of a write was taken');
    const received = collect(far);
    await until(() => sink.writableLength === 0, 'all is taken');
    const all = Buffer.concat(writes);
    await until(() => received().length >= all.length, 'all has come');
    t.ok(received().equals(all), 'the same bytes');
    t.equal(done, 40, 'each list is told once');
    t.ok(drained >= 1);
    t.notOk(sink.full);
    t.equal(sink.left, 0);
  });

  t.test(`${name}: a chunk goes back when the kernel has its bytes; row 27: what waits behind others keeps none`, async (t) => {
    const { near, far } = await pair(t);
    const sink = new SocketSink(near, wrap);
    const first = takeNear(SMALL_CHUNK);
    first.write('first ');
    sink.writeChunk(first, 6);
    await until(() => nearTaken() === 0, 'the chunk is back');
    sink.write(numbered(9 * MIB, 1));
    const second = takeNear(SMALL_CHUNK);
    second.write('second');
    sink.writeChunk(second, 6);
    t.equal(nearTaken(), 0, 'few bytes do not pin thousands');
    second.fill('x');
    const received = collect(far);
    await until(() => received().length === 9 * MIB + 12, 'all has come');
    t.equal(received().toString('latin1', 0, 6), 'first ');
    t.equal(received().toString('latin1', 9 * MIB + 6), 'second');
  });

  t.test(`${name}: a chunk whose bytes wait is not used for others before the kernel has them, or the socket is closed`, async (t) => {
    const fill = async (sink: SocketSink): Promise<number> => {
      // Until one is taken in part only.
      for (let written = 0; written < 1000; written++) {
        const chunk = takeNear(LARGE_CHUNK);
        chunk.fill(written & 0xff);
        sink.writeChunk(chunk, LARGE_CHUNK);
        if (wrap === null) await new Promise((resolve) => setTimeout(resolve, 5));
        if (nearTaken() > 0) return written;
      }
      throw new Error('no chunk is waited for');
    };
    const { near, far } = await pair(t);
    const sink = new SocketSink(near, wrap);
    const last = await fill(sink);
    t.equal(nearTaken(), 1);
    const other = takeNear(LARGE_CHUNK);
    other.fill(0xee);
    giveChunk(other);
    const received = collect(far);
    await until(() => received().length === (last + 1) * LARGE_CHUNK, 'all has come');
    for (let i = 0; i <= last; i++) {
      const bytes = received().subarray(i * LARGE_CHUNK, (i + 1) * LARGE_CHUNK);
      if (!bytes.equals(Buffer.alloc(LARGE_CHUNK, i & 0xff))) t.fail(`chunk ${i} was changed`);
    }
    await until(() => nearTaken() === 0, 'the chunk is back');
    const closed = await pair(t);
    await fill(new SocketSink(closed.near, wrap));
    closed.near.destroy();
    await until(() => nearTaken() === 0, 'the chunk is back');
  });

  t.test(`${name}: the far end resets`, async (t) => {
    const { near, far } = await pair(t);
    const sink = new SocketSink(near, wrap);
    let done = 0;
    sink.writeAll([numbered(8 * MIB, 1), numbered(8 * MIB, 2)], () => done++);
    t.ok(sink.writableLength > 0);
    far.resetAndDestroy();
    await until(() => near.destroyed, 'it is closed here, too');
    await until(() => done === 1, 'the list is given up');
    sink.write(numbered(10, 3));
    sink.writeAll([numbered(10, 3)], () => done++);
    t.equal(done, 2, 'what comes later is dropped');
  });

  t.test(`${name}: closed here while bytes wait`, async (t) => {
    const { near } = await pair(t);
    const sink = new SocketSink(near, wrap);
    let done = 0;
    sink.onDrain = () => t.fail('nothing was taken');
    sink.writeAll([numbered(8 * MIB, 1), numbered(8 * MIB, 2)], () => done++);
    near.destroy();
    await until(() => done === 1, 'the list is given up');
  });

  t.test(`${name}: our end waits for what is unsent`, async (t) => {
    const { near, far } = await pair(t);
    const sink = new SocketSink(near, wrap);
    const bytes = numbered(9 * MIB, 5);
    sink.write(bytes);
    near.end();
    const received = collect(far);
    await once(far, 'end');
    t.ok(received().equals(bytes));
  });
}
