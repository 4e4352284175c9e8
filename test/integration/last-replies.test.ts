import { once } from 'node:events';
import t from 'tap';
import { deafClient } from '../support/deaf-client.ts';
import { startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { until } from '../support/wait.ts';

const BIG = Buffer.alloc(100 * 1024, 'x');

t.test('large replies that nobody wants: what waits behind them is handled', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 3000 });
  await client.command('SET', 'big', BIG);
  await client.command('RPUSH', 'list', BIG);
  client.send(Buffer.concat([['CLIENT', 'REPLY', 'SKIP'], ['BLPOP', 'list', '1'], ['PING']].map(encode)));
  t.equal((await client.read(1))[0]?.text, '+PONG\r\n', 'behind a barrier');
  const fresh = await fleet.connect({ deadlineMs: 3000 });
  const gets = Array.from({ length: 20 }, () => ['GET', 'big']);
  fresh.send(Buffer.concat([['CLIENT', 'REPLY', 'OFF'], ...gets, ['CLIENT', 'REPLY', 'ON'], ['PING']].map(encode)));
  t.strictSame(
    (await fresh.read(2)).map(({ text }) => text),
    ['+OK\r\n', '+PONG\r\n'],
    'behind the first window',
  );
});

t.test('what is answered when a pause ends, and then the connection, is sent', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const quits = await fleet.connect();
  quits.send(Buffer.concat([['BLPOP', 'none', '0.05'], ['QUIT']].map(encode)));
  t.equal((await quits.waitClosed()).toString(), '*-1\r\n+OK\r\n');
  const errs = await fleet.connect();
  errs.send(Buffer.concat([encode(['BLPOP', 'none', '0.05']), Buffer.from('*1\r\n!\r\n')]));
  t.match((await errs.waitClosed()).toString(), /^\*-1\r\n-ERR Protocol error/);
  const drained = await fleet.connect();
  drained.send(Buffer.concat([['BLPOP', 'list', '10'], ['PING']].map(encode)));
  const other = await fleet.connect();
  await until(async () => / flags=b /.test((await other.command('CLIENT', 'LIST')).text), 'it to be blocked');
  const over = fleet.proxy.drain();
  await fleet.nodes[0]?.call('RPUSH', 'list', 'x');
  t.equal((await drained.waitClosed()).toString(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n+PONG\r\n');
  await over;
});

t.test('whoever closes its side and reads late gets all of its replies, then the end', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const setter = await fleet.connect({ deadlineMs: 3000 });
  await setter.command('SET', 'big', BIG);
  const metric = async (name: string) => (await fleet.metrics()).sum(name);
  // Some of it waits here when the client closes its side, or the kernel has all of it.
  for (const waits of [true, false]) {
    const socket = await deafClient(fleet);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.pause();
    let asked = 0;
    do {
      const before = await metric('keyfan_requests_total');
      socket.write(encode(['GET', 'big']));
      asked++;
      await until(async () => (await metric('keyfan_requests_total')) > before, 'the request to be read');
      await until(async () => (await metric('keyfan_backend_in_flight')) === 0, 'the reply to be there');
    } while (waits && (await metric('keyfan_buffered_bytes')) < BIG.length);
    socket.end();
    if (!waits) await until(async () => (await metric('keyfan_connections')) === 1, 'keyfan to be done with it');
    const ended = once(socket, 'end');
    socket.resume();
    await ended;
    t.equal(received, asked * (BIG.length + 11));
  }
});
