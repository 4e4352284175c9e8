import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createProxy } from '../../src/index.ts';
import { startWorkers, type Workers } from '../support/cli.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';
import { clientAt, idOf, openClient, workerOf } from '../support/workers.ts';

const clients = (t: Test, keyfan: Workers, count: number): Promise<RespClient[]> =>
  Promise.all(Array.from({ length: count }, () => openClient(t, keyfan)));
const readiness = async ({ admin }: Workers) => (await fetch(`http://${admin}/readyz`)).status;

t.test('clients that come at once are spread evenly over the workers', async (t) => {
  const keyfan = await startWorkers(t, { workers: 3 });
  const counts = new Map([1, 2, 3].map((worker) => [worker, 0]));
  const count = async (client: RespClient) => {
    const worker = await workerOf(client);
    counts.set(worker, (counts.get(worker) ?? 0) + 1);
  };
  await Promise.all((await clients(t, keyfan, 60)).map(count));
  // A worker that has no core for a while is passed over; it makes up for that with those who come next.
  let more = 0;
  while (new Set(counts.values()).size > 1 && more++ < 60) for (const client of await clients(t, keyfan, 1)) await count(client);
  t.same(
    [...counts],
    [1, 2, 3].map((worker) => [worker, counts.get(1)]),
  );
  t.equal(new Set(keyfan.pids().values()).size, 3);
  t.ok(![...keyfan.pids().values()].includes(keyfan.daemon.pid), 'the primary serves nobody itself');
});

t.test('ids of clients are unique over workers', async (t) => {
  const keyfan = await startWorkers(t);
  const ids = await Promise.all((await clients(t, keyfan, 30)).map(idOf));
  t.same(
    ids.sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
});

t.test('all workers place keys alike, and the metrics are those of one keyfan', async (t) => {
  const keyfan = await startWorkers(t);
  const opened = await clients(t, keyfan, 8);
  const keys = Array.from({ length: 40 }, (_, i) => `key:${i}`);
  for (const [i, client] of opened.entries()) for (const key of keys) t.equal((await client.command('INCR', key)).value, i + 1);
  t.same((await opened[0]?.command('MGET', ...keys))?.value, Array(40).fill('8'));
  const metrics = await keyfan.metrics();
  t.equal(metrics.sum('keyfan_requests_total', { command: 'incr' }), 320);
  t.equal(metrics.sum('keyfan_request_duration_seconds_count'), 321);
  t.equal(metrics.sum('keyfan_connections'), 8);
  t.equal(metrics.sum('keyfan_connections_total'), 8);
  t.equal(metrics.sum('keyfan_backend_up', { node: 'n0' }), 1);
  t.equal(metrics.sum('keyfan_backend_up', { node: 'n1' }), 1);
  t.equal(metrics.sum('keyfan_ring_info'), 1);
  t.equal(metrics.sum('keyfan_topology_version'), 1);
  t.equal(metrics.sum('keyfan_workers'), 2);
  t.equal(metrics.sum('keyfan_worker_restarts_total'), 0);
  t.ok(metrics.sum('keyfan_worker_cpu_seconds_total') > 0);
  const read = (name: string) => metrics.sum(`keyfan_${name}`);
  t.equal(
    read('backend_sent_total'),
    read('backend_delivered_total') + read('tombstoned_replies_total') + read('backend_failed_total'),
    'conservation holds over all of them',
  );
  await Promise.all(opened.slice(0, 5).map((client) => client.close()));
  await until(async () => (await keyfan.metrics()).sum('keyfan_connections') === 3, 'the gauge to follow');
});

t.test('the limit of clients is one for all workers', async (t) => {
  const keyfan = await startWorkers(t, { workers: 3, pool: 'limits: { clients: 5 }' });
  const inside = await clients(t, keyfan, 5);
  for (const client of inside) t.equal((await client.command('PING')).text, '+PONG\r\n');
  for (const client of await clients(t, keyfan, 4)) {
    t.match((await client.waitClosed()).toString(), '-ERR max number of clients reached\r\n');
  }
  t.equal((await keyfan.metrics()).sum('keyfan_errors_total', { code: 'max_clients' }), 4);
  await inside[2]?.close();
  await until(async () => {
    const [client] = await clients(t, keyfan, 1);
    return (await client?.command('PING'))?.text === '+PONG\r\n';
  }, 'the place that is free to be given away');
});

t.test('a unix socket, shared and removed at the end', async (t) => {
  // Its path has to be short.
  const dir = mkdtempSync(join(tmpdir(), 'keyfan-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'k.sock');
  const keyfan = await startWorkers(t, { listen: `unix:${path}` });
  const opened: RespClient[] = [];
  for (const worker of [1, 2, 1, 2]) opened.push(await clientAt(t, keyfan, worker));
  t.equal((await opened[0]?.command('SET', 'k', 'v'))?.text, '+OK\r\n');
  t.equal((await opened[1]?.command('GET', 'k'))?.text, '$1\r\nv\r\n');
  const big = 'x'.repeat(300_000);
  await opened[2]?.command('SET', 'big', big);
  t.equal((await opened[3]?.command('GET', 'big'))?.value, big);
  keyfan.daemon.signal('SIGTERM');
  t.match(await within(keyfan.daemon.exited, 'keyfan to end'), 'exited with 0');
  await t.rejects(connectResp(path), { code: 'ENOENT' });
});

t.test('a client may send before a worker has it, and close its side before it reads', async (t) => {
  const keyfan = await startWorkers(t);
  const address = keyfan.pools.p as string;
  const opened = await Promise.all(Array.from({ length: 20 }, () => connectResp(address, { allowHalfOpen: true })));
  for (const client of opened) {
    client.send('*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n');
    client.end();
  }
  const texts = await Promise.all(opened.map(async (client) => (await client.waitClosed()).toString()));
  t.same(new Set(texts), new Set(Array.from({ length: 20 }, (_, i) => `:${i + 1}\r\n`)));
});

t.test('workers: auto is one a core', { skip: availableParallelism() === 1 && 'one core' }, async (t) => {
  const keyfan = await startWorkers(t, { workers: 'auto' });
  t.equal((await keyfan.metrics()).sum('keyfan_workers'), availableParallelism());
});

t.test('ready is who has a worker and a node', async (t) => {
  const keyfan = await startWorkers(t, { nodes: 1, pool: 'reconnect: { min: 10ms, max: 20ms }' });
  await until(async () => (await readiness(keyfan)) === 200, 'keyfan to be ready');
  await keyfan.nodes[0]?.kill();
  await until(async () => (await readiness(keyfan)) === 503, 'the loss of the only node to show');
  await keyfan.nodes[0]?.restart();
  await until(async () => (await readiness(keyfan)) === 200, 'keyfan to be ready again');
  t.equal((await fetch(`http://${keyfan.admin}/healthz`)).status, 200);
});

/** Runs the command with a pool on `listen` until it ends. */
async function failing(t: Test, listen: string, more = '', admin = '127.0.0.1:0'): Promise<{ how: string; output: string }> {
  const path = join(t.testdir({}), 'keyfan.yaml');
  writeFileSync(path, `workers: 2\nadmin: { listen: "${admin}" }\npools:\n  p: { listen: "${listen}", nodes: ["127.0.0.1:1"]${more} }\n`);
  const daemon = startDaemon(process.execPath, [join(PROJECT_ROOT, 'dist/src/main.js'), '-c', path]);
  return { how: await within(daemon.exited, 'keyfan to end'), output: daemon.output() };
}

t.test('a taken address is told once, before any worker is started', async (t) => {
  const keyfan = await startWorkers(t, { workers: 1 });
  for (const [listen, admin] of [
    [keyfan.pools.p as string, '127.0.0.1:0'],
    [`127.0.0.1:${await freePort()}`, keyfan.admin],
  ] as const) {
    const { how, output } = await failing(t, listen, '', admin);
    t.match(how, 'exited with 69');
    t.equal(output.match(/the address is in use/g)?.length, 1, output);
    t.notMatch(output, 'worker starts');
  }
});

t.test('a bad configuration is told once, before any worker is started', async (t) => {
  const { how, output } = await failing(t, '127.0.0.1:0', ', auto_eject: true');
  t.match(how, 'exited with 78');
  t.equal(output.match(/pools\.p\.auto_eject: needs workers: 1/g)?.length, 1, output);
  t.notMatch(output, 'worker starts');
});

t.test('one process where one is enough: workers: 1 starts no other', async (t) => {
  const keyfan = await startWorkers(t, { workers: 1 });
  const [client] = await clients(t, keyfan, 1);
  t.match(String((await client?.command('INFO', 'server'))?.value), `process_id:${keyfan.daemon.pid}\r\n`);
  t.same(keyfan.lines('worker starts'), []);
  t.equal((await keyfan.metrics()).sum('keyfan_workers'), 1);
  keyfan.daemon.signal('SIGUSR2');
  await until(() => keyfan.lines('SIGUSR2 replaces workers one by one; there is only this process').length === 1, 'its word on SIGUSR2');
  t.equal((await client?.command('PING'))?.text, '+PONG\r\n');
});

t.test('the library serves in its own process, and says so', async (t) => {
  const pools = { p: { listen: '127.0.0.1:0', nodes: ['127.0.0.1:1'] } };
  for (const workers of [2, 'auto'] as const) t.throws(() => createProxy({ workers, pools }), { message: /workers: must be 1 here/ });
});

t.test('a pause while a worker is starting does it no harm', async (t) => {
  const keyfan = await startWorkers(t, { workers: 2 });
  const [one, other] = [await clientAt(t, keyfan, 1), await clientAt(t, keyfan, 2)];
  const killed = keyfan.pids().get(1) as number;
  process.kill(killed, 'SIGKILL');
  await one.closed;
  await until(async () => {
    t.equal((await other.command('CLIENT', 'PAUSE', '1', 'WRITE')).text, '+OK\r\n');
    return (keyfan.pids().get(1) ?? killed) !== killed;
  }, 'another in its place');
  t.equal((await keyfan.metrics()).sum('keyfan_worker_restarts_total'), 1);
});

t.test('CLIENT PAUSE holds the clients of all workers, those of later ones too', async (t) => {
  const keyfan = await startWorkers(t, { workers: 2 });
  const [one, other] = [await clientAt(t, keyfan, 1), await clientAt(t, keyfan, 2)];
  /** Sends a write: true where it is held, false where it is answered. */
  const held = async (client: RespClient, id: number): Promise<boolean> => {
    const [asker] = (await clients(t, keyfan, 1)) as [RespClient];
    const before = client.received().length;
    client.send('SET k 1\r\n');
    const fate = await until(async () => {
      if (client.received().length > before) return 'answered';
      return / qbuf=[1-9]/.test((await asker.command('CLIENT', 'LIST', 'ID', String(id))).text) && 'held';
    }, 'a write to be held or answered');
    return fate === 'held';
  };
  const otherId = await idOf(other);
  t.equal((await one.command('CLIENT', 'PAUSE', '60000', 'WRITE')).text, '+OK\r\n');
  // What one worker was told the other hears a moment later.
  await until(() => held(other, otherId), 'writes to be held');
  process.kill(keyfan.pids().get(1) as number, 'SIGKILL');
  await one.closed;
  const third = await clientAt(t, keyfan, 1);
  t.ok(await held(third, await idOf(third)));
  const waiting = [other, third].map((client) => client.received().length);
  const fourth = (await clients(t, keyfan, 1))[0] as RespClient;
  t.equal((await fourth.command('CLIENT', 'UNPAUSE')).text, '+OK\r\n');
  for (const [i, client] of [other, third].entries())
    await until(() => client.received().length > (waiting[i] as number), 'what was held to be answered');
});
