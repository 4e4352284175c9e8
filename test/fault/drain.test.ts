import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { until, within } from '../support/wait.ts';

t.test('pipelines in flight when drain begins: every reply arrives, then FIN, and nobody new is let in', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '60s' } } });
  t.teardown(() => fleet.stop());
  const clients = await Promise.all(Array.from({ length: 20 }, () => fleet.connect({ deadlineMs: 30_000 })));
  const idle = await fleet.connect();
  await idle.command('PING');
  await Promise.all(clients.map((client) => client.command('GET', 'k')));
  await Promise.all(fleet.nodes.map((node) => node.pause()));
  const keys = [fleet.keyOn(0), fleet.keyOn(1), fleet.keyOn(2)];
  for (const client of clients)
    client.send(
      Buffer.concat(Array.from({ length: 60 }, (_, i) => encode(i % 6 === 5 ? ['EXISTS', ...keys] : ['INCR', keys[i % 3] as string]))),
    );
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 20 * (50 + 3 * 10), 'all to be in flight');

  const { port } = fleet;
  let over = false;
  const drained = fleet.proxy.drain().then(() => {
    over = true;
  });
  t.equal((await idle.waitClosed()).toString(), '+PONG\r\n', 'an idle client is let go at once');
  await t.rejects(new Promise((resolve, reject) => connect({ host: '127.0.0.1', port }, () => resolve(undefined)).on('error', reject)), {
    code: 'ECONNREFUSED',
  });
  const { port: adminPort } = fleet.proxy.adminAddress() as { port: number };
  t.equal((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status, 503);
  t.equal(over, false, 'drain waits for them');

  for (const node of fleet.nodes) node.resume();
  const texts = await Promise.all(clients.map(async (client) => (await client.waitClosed(30_000)).toString()));
  for (const text of texts) {
    const lines = text.split('\r\n');
    if (lines.length !== 62 || lines.some((line, i) => i > 0 && i < 61 && !line.startsWith(':'))) t.fail(text);
    t.equal(lines.filter((line) => line === ':3').length >= 10, true);
  }
  await within(drained, 'drain to resolve');
  const sum = (await Promise.all(fleet.nodes.map((node, i) => node.call('GET', keys[i] as string)))).map(Number);
  t.equal(
    sum.reduce((a, b) => a + b, 0),
    20 * 50,
  );
  await fleet.conserved();
});

t.test('requests that were read but wait for their turn count as accepted', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_in_flight: 5 }, timeouts: { request: '60s' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  await fleet.nodes[0]?.pause();
  client.send(Buffer.concat(Array.from({ length: 200 }, () => encode(['INCR', 'n']))));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 5, 'five in flight');
  const drained = fleet.proxy.drain();
  fleet.nodes[0]?.resume();
  const text = (await client.waitClosed()).toString();
  t.equal(text, Array.from({ length: 200 }, (_, i) => `:${i + 1}\r\n`).join(''));
  await within(drained, 'drain to resolve');
});

t.test('a large reply on its way to a slow reader is not cut off', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  await client.command('SET', 'big', Buffer.alloc(30_000_000, 'v'));
  const socket = connect({ host: '127.0.0.1', port: fleet.port });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.write(encode(['GET', 'big']));
  await until(async () => (await fleet.metrics()).sum('keyfan_requests_total', { command: 'get' }) === 1, 'the request to be accepted');
  const drained = fleet.proxy.drain();
  let bytes = 0;
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.on('close', () => resolve());
  });
  // Slow, but reading: longer than a closing connection lingers once everything is delivered.
  for (let i = 0; i < 15; i++) {
    socket.resume();
    await sleep(2);
    socket.pause();
    await sleep(100);
  }
  socket.resume();
  await within(closed, () => `the connection to close, got ${bytes} bytes`, 20_000);
  t.equal(bytes, 30_000_000 + '$30000000\r\n\r\n'.length);
  await within(drained, 'drain to resolve');
});

t.test('drain ends after its limit where a node never answers', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { request: '60s', drain: '100ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  await fleet.nodes[0]?.pause();
  client.send(encode(['GET', 'k']));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 1, 'it to be in flight');
  await within(fleet.proxy.drain(), 'drain to resolve');
  await fleet.proxy.stop();
  await client.waitClosed();
});

t.test('the log tells how many clients drain cut off, and nothing where it did not', async (t) => {
  const warnings: [object, string][] = [];
  const ignore = (): void => {};
  const log = { debug: ignore, info: ignore, warn: (fields: object, text: string) => void warnings.push([fields, text]), error: ignore };
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { request: '60s', drain: '200ms' } }, log });
  t.teardown(() => fleet.stop());
  const clients = [await fleet.connect(), await fleet.connect()];
  const idle = await fleet.connect();
  // It does not close its side: it stays, but nothing is owed to it.
  const open = connect({ host: '127.0.0.1', port: fleet.port, allowHalfOpen: true });
  await until(async () => (await fleet.metrics()).sum('keyfan_connections') === 4, 'all to be connected');
  await idle.command('PING');
  await fleet.nodes[0]?.pause();
  for (const client of clients) client.send(Buffer.concat([encode(['GET', 'k']), encode(['GET', 'k'])]));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 4, 'them to be in flight');
  await within(fleet.proxy.drain(), 'drain to resolve');
  t.same(warnings, [
    [{ pool: 'pool', clients: 2 }, 'clients are cut off: they were not answered, or had not taken all, within timeouts.drain'],
  ]);
  open.destroy();

  const calm = await startFleet({ nodes: 1, log });
  t.teardown(() => calm.stop());
  await (await calm.connect()).command('PING');
  await within(calm.proxy.drain(), 'drain to resolve');
  t.equal(warnings.length, 1);
});

t.test('stop() ends everything at once, twice too', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  await client.command('PING');
  await fleet.proxy.stop();
  await client.waitClosed();
  await fleet.proxy.stop();
  t.ok(client.socket.destroyed);
});
