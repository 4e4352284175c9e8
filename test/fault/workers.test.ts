import t, { type Test } from 'tap';
import { isAlive, startWorkers, type Workers } from '../support/cli.ts';
import { encode } from '../support/resp.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';
import { clientAt, idOf, openClient } from '../support/workers.ts';

const COUNTERS = ['keyfan_requests_total', 'keyfan_connections_total', 'keyfan_backend_sent_total', 'keyfan_worker_cpu_seconds_total'];

/** One client at each of two workers. */
async function pair(t: Test, keyfan: Workers): Promise<[RespClient, RespClient]> {
  return [await clientAt(t, keyfan, 1), await clientAt(t, keyfan, 2)];
}

t.test('a worker that is killed: its clients are closed, the others stay, it is replaced, the counters go on', async (t) => {
  const keyfan = await startWorkers(t);
  const [first, second] = await pair(t, keyfan);
  for (let i = 0; i < 50; i++) await first.command('INCR', 'n');
  for (let i = 0; i < 50; i++) await second.command('INCR', 'n');
  const before = await keyfan.metrics();
  t.equal(before.sum('keyfan_requests_total', { command: 'incr' }), 100);
  const pid = keyfan.pids().get(1) as number;

  process.kill(pid, 'SIGKILL');
  await first.closed;
  t.equal((await second.command('PING')).text, '+PONG\r\n');
  let last = before;
  await until(async () => {
    const now = await keyfan.metrics();
    for (const name of COUNTERS) if (now.sum(name) < last.sum(name)) t.fail(`${name} fell from ${last.sum(name)} to ${now.sum(name)}`);
    last = now;
    return now.sum('keyfan_workers') === 2 && now.sum('keyfan_worker_restarts_total') === 1;
  }, 'the worker to be replaced');
  t.equal(last.sum('keyfan_requests_total', { command: 'incr' }), 100, 'what it had counted stays');
  t.equal(last.sum('keyfan_connections'), 1, 'its clients do not');
  t.match(keyfan.lines('worker ended unasked'), [{ worker: 1, worker_pid: pid, signal: 'SIGKILL' }]);
  t.equal(keyfan.lines('worker will be replaced').length, 1);

  const third = await clientAt(t, keyfan, 1);
  t.equal((await third.command('INCR', 'n')).value, 101);
  t.ok((await idOf(third)) > Math.max(await idOf(second), 2), 'under an id that nobody had before');
  t.equal((await keyfan.metrics()).sum('keyfan_requests_total', { command: 'incr' }), 101);
});

t.test('ready, and the port open, while a worker is being replaced', async (t) => {
  const keyfan = await startWorkers(t);
  process.kill(keyfan.pids().get(1) as number, 'SIGKILL');
  process.kill(keyfan.pids().get(2) as number, 'SIGKILL');
  await until(() => keyfan.lines('worker ended unasked').length === 2, 'both to be gone');
  const client = await openClient(t, keyfan);
  t.equal((await client.command('PING')).text, '+PONG\r\n', 'a client that comes meanwhile waits for the next worker');
  await until(async () => (await keyfan.metrics()).sum('keyfan_workers') === 2, 'both to be replaced');
  t.equal((await fetch(`http://${keyfan.admin}/readyz`)).status, 200);
});

t.test('clients on their way to a worker that hangs and dies are not left open', async (t) => {
  const keyfan = await startWorkers(t);
  const pids = [...keyfan.pids().values()];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const clients = await Promise.all(Array.from({ length: 6 }, () => openClient(t, keyfan)));
  const ends = clients.map(async (client) => (await client.command('PING').catch(() => ({ text: 'closed' }))).text);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const texts = await within(Promise.all(ends), 'each of them to be served or closed', 15_000);
  const served = texts.filter((text) => text === '+PONG\r\n').length;
  t.ok(served >= clients.length - 2, `at most one for each worker is lost: ${texts}`);
});

t.test('a worker that hangs does not keep /metrics and new clients waiting', async (t) => {
  const keyfan = await startWorkers(t);
  const [, second] = await pair(t, keyfan);
  await second.command('SET', 'k', 'v');
  await keyfan.metrics();
  const pid = keyfan.pids().get(2) as number;
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  t.equal((await keyfan.metrics()).sum('keyfan_requests_total', { command: 'set' }), 1, 'its last word counts');
  // Taken by the kernel for the one that hangs, at most one of them; all others are served by the other.
  const clients = await Promise.all(Array.from({ length: 5 }, () => openClient(t, keyfan)));
  let answered = 0;
  for (const client of clients)
    client.command('PING').then(
      () => answered++,
      () => {},
    );
  await until(() => answered >= 4, 'the others to be answered');
});

/** Counts up as fast as it is answered, and comes again whenever it is disconnected, until it is told to stop. */
async function counting(keyfan: Workers, key: string, isOver: () => boolean): Promise<{ answers: number; lives: number; odd: string[] }> {
  const result = { answers: 0, lives: 0, odd: [] as string[] };
  while (!isOver()) {
    const client = await connectResp(keyfan.pools.p as string, { deadlineMs: 20_000 });
    result.lives++;
    const disconnected = { yet: false };
    while (!isOver() && !disconnected.yet) {
      await client.pipeline(Array.from({ length: 10 }, () => ['INCR', key])).catch(() => {
        disconnected.yet = true;
      });
    }
    if (disconnected.yet) await client.waitClosed(20_000);
    await client.close();
    const lines = client.received().toString().split('\r\n').slice(0, -1);
    result.answers += lines.length;
    result.odd.push(...lines.filter((line) => !/^:\d+$/.test(line)));
  }
  return result;
}

t.test('rolling restart under load: every request that was carried out was answered', async (t) => {
  const keyfan = await startWorkers(t, { nodes: 3 });
  let over = false;
  const keys = Array.from({ length: 12 }, (_, i) => `count:${i}`);
  const loads = keys.map((key) => counting(keyfan, key, () => over));
  const before = [...keyfan.pids().values()];
  let last = await keyfan.metrics();
  for (let round = 1; round <= 2; round++) {
    keyfan.daemon.signal('SIGUSR2');
    await until(
      async () => {
        const now = await keyfan.metrics();
        for (const name of COUNTERS) if (now.sum(name) < last.sum(name)) t.fail(`${name} fell from ${last.sum(name)} to ${now.sum(name)}`);
        if (now.sum('keyfan_workers') < 2) t.fail('fewer workers than before');
        last = now;
        return keyfan.lines('rolling restart is over').length === round;
      },
      'the rolling restart to be over',
      30_000,
    );
  }
  over = true;
  const results = await Promise.all(loads);
  const after = [...keyfan.pids().values()];
  t.notOk(
    after.some((pid) => before.includes(pid)),
    'all are new',
  );
  t.notOk(before.some(isAlive), 'those before are gone');
  t.same(keyfan.lines('worker ended unasked'), []);
  const client = await openClient(t, keyfan);
  for (const [i, key] of keys.entries()) {
    t.same(results[i]?.odd, []);
    t.equal(Number((await client.command('GET', key)).value), results[i]?.answers, `${key}: carried out = answered`);
  }
  t.ok(
    results.every(({ lives }) => lives >= 2),
    'each was disconnected and came again',
  );
  const answers = results.reduce((sum, result) => sum + result.answers, 0);
  t.equal((await keyfan.metrics()).sum('keyfan_requests_total', { command: 'incr' }), answers, 'and counted');
});

t.test('SIGTERM: all workers answer what they have accepted, then all are gone', async (t) => {
  const keyfan = await startWorkers(t, { pool: 'timeouts: { request: 60s }' });
  const both = await pair(t, keyfan);
  const pids = [...keyfan.pids().values()];
  await Promise.all(both.map((client) => client.command('GET', 'k')));
  await Promise.all(keyfan.nodes.map((node) => node.pause()));
  const requests = Buffer.concat(Array.from({ length: 100 }, (_, i) => encode(['SET', `k${i}`, 'v'])));
  for (const client of both) client.send(requests);
  await until(async () => (await keyfan.metrics()).sum('keyfan_backend_in_flight') === 200, 'all to be in flight');
  keyfan.daemon.signal('SIGTERM');
  await until(() => keyfan.lines('worker is draining').length === 2, 'the drain to begin');
  t.equal((await fetch(`http://${keyfan.admin}/readyz`)).status, 503);
  t.ok(pids.every(isAlive));
  await t.rejects(connectResp(keyfan.pools.p as string), { code: 'ECONNREFUSED' });
  for (const node of keyfan.nodes) node.resume();
  for (const client of both) t.ok((await client.waitClosed()).toString().endsWith(`$-1\r\n${'+OK\r\n'.repeat(100)}`));
  t.match(await within(keyfan.daemon.exited, 'keyfan to end'), 'exited with 0');
  t.notOk(pids.some(isAlive));
  t.match(keyfan.lines('worker ended'), [{ code: 0 }, { code: 0 }]);
});

t.test('SIGTERM while a worker starts: the others answer what they have accepted all the same', async (t) => {
  const keyfan = await startWorkers(t, { nodes: 1, pool: 'timeouts: { request: 60s }' });
  const client = await openClient(t, keyfan);
  await client.command('PING');
  await keyfan.nodes[0]?.pause();
  client.send(encode(['SET', 'k', 'v']));
  await until(async () => (await keyfan.metrics()).sum('keyfan_backend_in_flight') === 1, 'it to be in flight');
  keyfan.daemon.signal('SIGUSR2');
  await until(() => keyfan.lines('rolling restart begins').length === 1, 'the rolling restart to begin');
  keyfan.daemon.signal('SIGTERM');
  await until(() => keyfan.lines('worker ended').length > 0, 'the one that starts to end');
  keyfan.nodes[0]?.resume();
  t.equal((await client.waitClosed()).toString(), '+PONG\r\n+OK\r\n');
  t.match(await within(keyfan.daemon.exited, 'keyfan to end'), 'exited with 0');
});

for (const ending of ['SIGINT', 'SIGHUP'] as const) {
  t.test(`${ending} to the whole group, as a terminal and systemd send it, is one drain`, async (t) => {
    const keyfan = await startWorkers(t, { pool: 'timeouts: { request: 60s }' });
    const client = await openClient(t, keyfan);
    await client.command('PING');
    await Promise.all(keyfan.nodes.map((node) => node.pause()));
    client.send(encode(['SET', 'k', 'v']));
    await until(async () => (await keyfan.metrics()).sum('keyfan_backend_in_flight') === 1, 'it to be in flight');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)
      for (const pid of keyfan.pids().values()) process.kill(pid, signal);
    keyfan.daemon.signal(ending);
    await until(() => keyfan.lines('worker is draining').length === 2, 'the drain to begin');
    for (const node of keyfan.nodes) node.resume();
    t.equal((await client.waitClosed()).toString(), '+PONG\r\n+OK\r\n');
    t.match(await within(keyfan.daemon.exited, 'keyfan to end'), 'exited with 0');
    t.same(keyfan.lines('worker ended unasked'), []);
  });
}

t.test('a second signal does not wait, and leaves nobody behind', async (t) => {
  const keyfan = await startWorkers(t, { nodes: 1, pool: 'timeouts: { request: 60s, drain: 60s }' });
  const client = await openClient(t, keyfan);
  await client.command('PING');
  await keyfan.nodes[0]?.pause();
  client.send(encode(['GET', 'k']));
  await until(async () => (await keyfan.metrics()).sum('keyfan_backend_in_flight') === 1, 'it to be in flight');
  const pids = [...keyfan.pids().values()];
  keyfan.daemon.signal('SIGTERM');
  await until(() => keyfan.lines('worker is draining').length === 2, 'the drain to begin');
  keyfan.daemon.signal('SIGTERM');
  t.match(await within(keyfan.daemon.exited, 'keyfan to end', 5000), 'exited with 1');
  await until(() => !pids.some(isAlive), 'its workers to be gone');
});

t.test('the primary is killed: its workers answer what they have accepted and go', async (t) => {
  const keyfan = await startWorkers(t, { pool: 'timeouts: { request: 60s }' });
  const [busy, idle] = await pair(t, keyfan);
  const pids = [...keyfan.pids().values()];
  await Promise.all(keyfan.nodes.map((node) => node.pause()));
  busy.send(encode(['SET', 'k', 'v']));
  await until(async () => (await keyfan.metrics()).sum('keyfan_backend_in_flight') === 1, 'it to be in flight');
  await keyfan.daemon.kill();
  await idle.closed;
  for (const node of keyfan.nodes) node.resume();
  t.match((await busy.waitClosed()).toString(), /\+OK\r\n$/);
  await until(() => !pids.some(isAlive), 'the workers to be gone');
});
