import t from 'tap';
import { SILENT } from '../../src/observe/log.ts';
import { deafClient, drainBytes } from '../support/deaf-client.ts';
import { healthy, startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
import { connectResp } from '../support/resp-client.ts';
import { gate, startScriptedNode } from '../support/scripted-node.ts';
import { settled, until } from '../support/wait.ts';

t.test('clients beyond the limit get an error and are closed; a place that is left is free again', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { clients: 2 } } });
  t.teardown(() => fleet.stop());
  const [one, two] = [await fleet.connect(), await fleet.connect()];
  t.equal((await one.command('PING')).text, '+PONG\r\n');
  t.equal((await two.command('PING')).text, '+PONG\r\n');
  const three = await fleet.connect();
  t.equal((await three.waitClosed()).toString(), '-ERR max number of clients reached\r\n');
  await two.close();
  const four = await until(async () => {
    const client = await fleet.connect();
    const reply = await client.command('PING').catch(() => undefined);
    return reply?.text === '+PONG\r\n' ? client : false;
  }, 'a free place');
  t.equal((await one.command('PING')).text, '+PONG\r\n', 'those connected stay');
  t.ok((await fleet.metrics()).sum('keyfan_errors_total', { code: 'max_clients' }) >= 1);
  await four.close();
});

t.test('that clients are refused is told, at most every ten seconds', async (t) => {
  const warnings: [object, string][] = [];
  const ignore = (): void => {};
  const log = { debug: ignore, info: ignore, warn: (fields: object, text: string) => void warnings.push([fields, text]), error: ignore };
  const fleet = await startFleet({ nodes: 1, pool: { limits: { clients: 1 } }, log });
  t.teardown(() => fleet.stop());
  const one = await fleet.connect();
  await one.command('PING');
  t.same(warnings, []);
  const refused = async (): Promise<void> => void (await (await fleet.connect()).waitClosed());
  for (let i = 0; i < 5; i++) await refused();
  const line = [{ pool: 'pool', clients: 1 }, 'clients are refused: limits.clients is reached'];
  t.same(warnings, [line]);
  const { now } = performance;
  t.teardown(() => Object.assign(performance, { now }));
  performance.now = () => now.call(performance) + 10_001;
  for (let i = 0; i < 2; i++) await refused();
  t.same(warnings, [line, line]);
});

t.test('an idle client is disconnected, one that waits for a reply is not', async (t) => {
  const open = gate();
  const node = await startScriptedNode(
    healthy(async () => {
      await open.promise;
      return '+late\r\n';
    }),
  );
  const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { client_idle: '50ms', request: '60s' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const waiting = await fleet.connect();
  waiting.send(encode(['GET', 'k']));
  await until(() => node.requests.some((request) => request.args[0] === 'GET'), 'the node to have the request');
  const [idle, monitor] = await Promise.all([fleet.connect(), fleet.connect()]);
  t.equal((await monitor.command('MONITOR')).text, '+OK\r\n');
  t.equal((await idle.waitClosed()).length, 0);
  await until(async () => (await fleet.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'idle' }) === 1, 'it to be counted');
  t.equal(monitor.ended, false, 'whoever looks on is not idle');
  await monitor.close();
  // It has been silent for longer than the other one, and still is a client.
  waiting.send(encode(['ECHO', 'still here']));
  open.open();
  t.same(
    (await waiting.read(2)).map((reply) => reply.value),
    ['late', 'still here'],
  );
  await waiting.waitClosed();
});

t.test('row 22: a client that never reads its NOAUTH errors: what is kept for it is bounded, and nothing is lost', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { client_password: 'sesame' } });
  t.teardown(() => fleet.stop());
  const socket = await deafClient(fleet);
  const count = 500_000;
  const reply = '-NOAUTH Authentication required.\r\n';
  socket.write('PING\r\n'.repeat(count));
  const answered = await settled(async () => (await fleet.metrics()).sum('keyfan_errors_total', { code: 'no_auth' }));
  // Little before AUTH, whatever client_unsent says; what the kernel's two socket buffers hold comes on top.
  t.ok(answered * reply.length < 12_000_000, `${answered} answered of ${count}`);
  const other = await fleet.connect();
  t.match((await other.command('PING')).text, /^-NOAUTH/, 'others are served meanwhile');
  const bytes = drainBytes(socket, count * reply.length);
  socket.resume();
  t.equal(await bytes, count * reply.length, 'when it reads at last, it gets them all');
  socket.destroy();
  await other.close();
});

t.test('a client that asks for much and reads nothing is disconnected; the node connection never waits for it', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_unsent: '1mb' }, timeouts: { client_stall: '2s' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await client.command('SET', 'big', Buffer.alloc(100_000, 'v'));
  const socket = await deafClient(fleet);
  socket.write(Buffer.concat(Array.from({ length: 2000 }, () => encode(['GET', 'big']))));
  await until(async () => (await fleet.metrics()).sum('keyfan_connections') === 1, 'keyfan to disconnect it', 20_000);
  t.equal((await client.command('STRLEN', 'big')).value, 100_000);
  socket.destroy();
  await client.close();
  await fleet.conserved();
});

t.test("a flood of requests with large replies of keyfan's own: held up, not answered all at once", async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_unsent: '1mb' } } });
  t.teardown(() => fleet.stop());
  const other = await fleet.connect({ deadlineMs: 20_000 });
  const size = (await other.command('COMMAND')).raw.length;
  const socket = await deafClient(fleet);
  const count = 5000;
  socket.write('COMMAND\r\n'.repeat(count));
  const answered = await settled(async () => (await fleet.metrics()).sum('keyfan_requests_total', { command: 'command' }));
  t.ok(answered * size < 30_000_000, `${answered} of ${count} answered, ${size} bytes each`);
  t.equal((await other.command('PING')).text, '+PONG\r\n');
  socket.destroy();
  await other.close();
});

t.test('one reply of any size may always wait', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_unsent: '64kb' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await client.command('SET', 'big', Buffer.alloc(10_000_000, 'v'));
  const socket = await deafClient(fleet);
  socket.write(encode(['GET', 'big']));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 0, 'the reply to be there');
  const bytes = drainBytes(socket, 10_000_013);
  socket.resume();
  t.equal(await bytes, 10_000_013);
  socket.destroy();
  await client.close();
});

t.test('rows 13, 23, 24: lengths that are declared cost nothing until bytes come, on 200 connections', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const headers = [
    '*1048576\r\n$536870912\r\nabc',
    '*2147483647\r\n',
    '*2147483647\r\n$3\r\nSET\r\n$536870912\r\n',
    '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nx',
  ];
  const client = await fleet.connect();
  await client.command('PING');
  const before = process.memoryUsage();
  const sockets = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const socket = await deafClient(fleet);
      socket.write(headers[i % headers.length] as string);
      return socket;
    }),
  );
  await until(async () => (await fleet.metrics()).sum('keyfan_connections') === 201, 'all to be connected');
  for (let i = 0; i < 50; i++) await client.command('ECHO', String(i));
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  t.ok(arrayBuffers - before.arrayBuffers < 10_000_000, `buffers grew by ${arrayBuffers - before.arrayBuffers}`);
  t.ok(heapUsed - before.heapUsed < 50_000_000, `the heap grew by ${heapUsed - before.heapUsed}`);
  for (const socket of sockets) socket.destroy();
  await client.close();
});

t.test('lengths out of bounds, and row 14: 10,000 times *1, end as they do with Redis', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  const plain = await startRedis();
  t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));
  for (const bytes of [
    '*1\r\n'.repeat(10_000),
    '*4294967297\r\n$4\r\nPING\r\n',
    '*2147483648\r\n',
    '*1\r\n$536870913\r\n',
    '*1\r\n$4294967300\r\nPING\r\n',
  ]) {
    const seen = [];
    for (const port of [plain.port, fleet.port]) {
      const client = await connectResp(port);
      client.send(bytes);
      seen.push((await client.waitClosed()).toString());
    }
    t.match(seen[0], /^-ERR Protocol error: /);
    t.equal(seen[1], seen[0], JSON.stringify(bytes.slice(0, 40)));
  }
});

t.test('an error reaches the client before the close, though it still sends', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  client.send(Buffer.concat([encode(['ECHO', 'first']), Buffer.from('*1\r\n!\r\n'), Buffer.alloc(3_000_000, 'x')]));
  t.equal((await client.waitClosed()).toString(), "$5\r\nfirst\r\n-ERR Protocol error: expected '$', got '!'\r\n");
});

t.test('row 21: more requests than may be in flight: the client is held up, not refused', async (t) => {
  const fleet = await startFleet({ pool: { limits: { client_in_flight: 7 } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const replies = await client.pipeline(
    Array.from(
      { length: 3000 },
      (_, i) => [['SET', fleet.keyOn(i % 3), String(i)], ['PING'], ['GET', fleet.keyOn((i + 1) % 3)]][i % 3] as string[],
    ),
  );
  t.ok(replies.every(({ text }, i) => text === ['+OK\r\n', '+PONG\r\n', `$${String(i - 2).length}\r\n${i - 2}\r\n`][i % 3]));
  await client.close();
  await fleet.conserved();
});

t.test('clients that come while too much is held are told so, and come again later', async (t) => {
  const fleet = await startFleet({ nodes: 2, buffers: '4mb' });
  t.teardown(() => fleet.stop());
  const holder = await fleet.connect();
  // Of a request to two nodes nothing is passed on before it is whole.
  const request = encode(['MSET', fleet.keyOn(0), 'x'.repeat(3_500_000), fleet.keyOn(1), 'y']);
  holder.send(request.subarray(0, -10));
  await until(async () => (await fleet.metrics()).sum('keyfan_buffered_bytes') > 3_200_000, 'most of it to be held');
  const refused = await fleet.connect();
  t.match((await refused.waitClosed()).toString(), /^-ERR keyfan: too much is held for clients/);
  t.equal((await fleet.metrics()).sum('keyfan_errors_total', { code: 'no_memory' }), 1);
  holder.send(request.subarray(-10));
  t.equal((await holder.read(1))[0]?.text, '+OK\r\n');
  await until(async () => (await fleet.metrics()).sum('keyfan_buffered_bytes') < 1_000_000, 'it to be let go');
  const later = await fleet.connect();
  t.equal((await later.command('PING')).text, '+PONG\r\n');
  await Promise.all([holder.close(), later.close()]);
});

t.test('the log says who was disconnected, and why', async (t) => {
  const told: object[] = [];
  const warn = (fields: object): void => void told.push(fields);
  const fleet = await startFleet({ nodes: 1, log: { ...SILENT, warn } });
  t.teardown(() => fleet.stop());
  const socket = await deafClient(fleet);
  const address = `127.0.0.1:${socket.localPort}`;
  socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => told.length > 0, 'a line');
  t.match(told, [{ pool: 'pool', client: Number, address, reason: String }]);
});
