import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { adopt, type OnRead } from '../../../src/downstream/adopt.ts';
import { Intake } from '../../../src/util/intake.ts';
import type { ClientSocket } from '../../../src/util/light-socket.ts';
import { READ_BUFFER } from '../../../src/util/read-buffer.ts';
import { SocketSink } from '../../../src/util/socket-sink.ts';
import { until } from '../../support/wait.ts';

/** Who the intake would hand bytes to: these tests look at the reads themselves. */
const NOBODY = { needed: 0, process: () => 0 };

/** Collects what an adopted socket reads: copied, as the buffer is used again. */
function collector(): { readonly chunks: Buffer[]; readonly onRead: OnRead; bytes(): number } {
  const chunks: Buffer[] = [];
  return {
    chunks,
    onRead: (size, buf) => chunks.push(Buffer.from(buf.subarray(0, size))),
    bytes: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

t.test('an accepted socket reads into the shared buffer, writes, and ends half by half', async (t) => {
  const seen = collector();
  const adopted: ClientSocket[] = [];
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    adopted.push(adopt(socket, new Intake(NOBODY), seen.onRead)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const sent = randomBytes(300_000);
  client.end(sent);
  await until(() => seen.bytes() === sent.length, 'all bytes to arrive');
  t.ok(Buffer.concat(seen.chunks).equals(sent));
  t.ok(
    seen.chunks.every((chunk) => chunk.length <= READ_BUFFER.length),
    'a read at a time',
  );
  const socket = adopted[0] as ClientSocket;
  t.equal(socket.remotePort, client.localPort);
  let answer = '';
  client.on('data', (chunk) => {
    answer += chunk;
  });
  new SocketSink(socket).write(Buffer.from('answered after its FIN'));
  socket.end();
  await until(() => client.destroyed && socket.destroyed, 'both sides to close');
  t.equal(answer, 'answered after its FIN');
});

/** A client says hello to a server whose sockets `accepted` adopts; resolves when that was read. */
async function isRead(t: Test, pauseOnConnect: boolean, accepted: (socket: Socket, onRead: OnRead) => void): Promise<void> {
  const seen = collector();
  const server = createServer({ pauseOnConnect, allowHalfOpen: true }, (socket) => accepted(socket, seen.onRead));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('hello');
  await until(() => Buffer.concat(seen.chunks).toString() === 'hello', 'it to be read');
  client.resetAndDestroy();
}

t.test('a socket that reads already, as those do that come from another process', async (t) => {
  await isRead(t, false, (socket, onRead) => adopt(socket, new Intake(NOBODY), onRead));
});

for (const missing of ['writev', 'useUserBuffer', 'readStop', 'shutdown']) {
  t.test(`a handle that is not as expected is left to Node: no ${missing}`, async (t) => {
    await isRead(t, true, (socket, onRead) => {
      Object.assign((socket as unknown as { _handle: object })._handle, { [missing]: undefined });
      t.equal(adopt(socket, new Intake(NOBODY), onRead), socket);
    });
  });
}

t.test('without access to the handle the chunks are copied, in pieces that fit', async (t) => {
  const seen = collector();
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  t.equal(adopt(stream as unknown as Socket, new Intake(NOBODY), seen.onRead), stream);
  const sent = randomBytes(3 * READ_BUFFER.length + 17);
  stream.write(sent);
  await until(() => seen.bytes() === sent.length, 'all bytes to arrive');
  t.ok(Buffer.concat(seen.chunks).equals(sent));
});
