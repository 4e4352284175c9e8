import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type AdminOptions, AdminServer, type PoolReadiness, reasonsNotReady } from '../../../src/admin/server.ts';
import { SILENT } from '../../../src/observe/log.ts';
import { within } from '../../support/wait.ts';

interface State {
  pools: PoolReadiness[];
  draining: boolean;
  render: () => Promise<string>;
}

const READY: PoolReadiness = { name: 'cache', listening: true, nodesUp: 2 };

async function start(t: Test, listen: AdminOptions['listen'] = { host: '127.0.0.1', port: 0 }) {
  const state: State = { pools: [READY], draining: false, render: async () => 'some_metric 1\n' };
  const metrics = { contentType: 'text/plain; version=0.0.4', render: () => state.render() };
  const server = new AdminServer({ listen, metrics, pools: () => state.pools, draining: () => state.draining, log: SILENT });
  await server.start();
  t.teardown(() => server.close());
  const address = server.address() as { host: string; port: number };
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${address.port}${path}`, { method });
  return { server, state, get, port: address.port };
}

t.test('/metrics', async (t) => {
  const { get, state } = await start(t);
  const response = await get('/metrics');
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
  t.equal(await response.text(), 'some_metric 1\n');
  t.equal((await get('/metrics?x=1')).status, 200);
  state.render = () => Promise.reject(new Error('secret detail'));
  const failed = await get('/metrics');
  t.equal(failed.status, 500);
  t.notMatch(await failed.text(), /secret/);
});

t.test('/healthz says that the process lives, ready or not', async (t) => {
  const { get, state } = await start(t);
  state.pools = [];
  state.draining = true;
  const response = await get('/healthz');
  t.equal(response.status, 200);
  t.equal(await response.text(), 'ok\n');
});

t.test('/readyz', async (t) => {
  const { get, state } = await start(t);
  const ask = async () => {
    const response = await get('/readyz');
    return [response.status, await response.json()];
  };
  t.same(await ask(), [200, { ready: true, reasons: [] }]);
  state.draining = true;
  t.same(await ask(), [503, { ready: false, reasons: ['draining'] }]);
  state.draining = false;
  state.pools = [READY, { name: 'b', listening: false, nodesUp: 0 }];
  t.same(await ask(), [503, { ready: false, reasons: ['pool b does not listen', 'pool b has no node up'] }]);
});

t.test('reasons', async (t) => {
  t.same(reasonsNotReady([READY, READY], false), []);
  t.same(reasonsNotReady([{ ...READY, nodesUp: 1 }], false), [], 'one node is enough');
  t.same(reasonsNotReady([{ ...READY, nodesUp: 0 }], false), ['pool cache has no node up']);
  t.same(reasonsNotReady([{ ...READY, listening: false }], false), ['pool cache does not listen']);
  t.same(reasonsNotReady([], true), ['draining', 'no pools']);
});

t.test('HEAD answers without a body', async (t) => {
  const { get } = await start(t);
  const response = await get('/metrics', 'HEAD');
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-length'), String('some_metric 1\n'.length));
  t.equal(await response.text(), '');
});

t.test('other paths and methods', async (t) => {
  const { get } = await start(t);
  for (const path of ['/', '/metrics/', '/METRICS', '/__proto__', '/../metrics%00']) t.equal((await get(path)).status, 404, path);
  const response = await get('/healthz', 'POST');
  t.equal(response.status, 405);
  t.equal(response.headers.get('allow'), 'GET, HEAD');
});

t.test('a large body is not read', async (t) => {
  const { port } = await start(t);
  const status = await new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path: '/healthz', method: 'POST', headers: { 'content-length': 1e9 } }, (response) => {
      response.resume();
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.write('x'.repeat(1000));
  });
  t.equal(status, 405);
});

t.test('headers without end are refused', async (t) => {
  const { port } = await start(t);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(`GET /healthz HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`);
  const [chunk] = await within(new Promise<Buffer[]>((resolve) => socket.once('data', (data: Buffer) => resolve([data]))), 'a refusal');
  t.match(String(chunk), /^HTTP\/1\.1 431 /);
  socket.destroy();
});

t.test('closing ends idle connections and frees the port', async (t) => {
  const { server, port } = await start(t);
  const socket = connect({ port, host: '127.0.0.1' });
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  await within(server.close(), 'close');
  await within(closed, 'the idle connection to end');
  t.equal(server.address(), undefined);
});

t.test('a taken address is an error with its code', async (t) => {
  const { port } = await start(t);
  const other = new AdminServer({
    listen: { host: '127.0.0.1', port },
    metrics: { contentType: '', render: async () => '' },
    pools: () => [],
    draining: () => false,
    log: SILENT,
  });
  await t.rejects(other.start(), { code: 'EADDRINUSE' });
});

t.test('a unix socket', async (t) => {
  const path = join(t.testdir({}), 'a.sock');
  const { server } = await start(t, { path });
  t.same(server.address(), { path });
  t.ok(existsSync(path));
  const status = await new Promise((resolve) =>
    request({ socketPath: path, path: '/healthz' }, (response) => resolve(response.statusCode)).end(),
  );
  t.equal(status, 200);
});
