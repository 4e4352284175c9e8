import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import t from 'tap';
import { createProxy } from '../../src/index.ts';

/** Its node is nobody: what is tested here needs none. */
const CONFIG = { admin: { listen: '127.0.0.1:0' }, pools: { p: { listen: '127.0.0.1:0', nodes: ['127.0.0.1:1'] } } };

function isOpen(address: object): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address as { host: string; port: number });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

t.test('a proxy starts once', async (t) => {
  const proxy = createProxy(CONFIG);
  const [first, second] = await Promise.allSettled([proxy.start(), proxy.start()]);
  t.equal(first.status, 'fulfilled');
  t.match(second, { status: 'rejected', reason: { message: 'a proxy starts once; for another, call createProxy again' } });
  const address = proxy.address('p');
  t.ok(await isOpen(address), 'the first start is none the worse for it');
  await proxy.stop();
  t.notOk(await isOpen(address));
  await t.rejects(proxy.start(), { message: /starts once/ }, 'nor does it start again');
});

t.test('a start that fails leaves nothing that listens', async (t) => {
  const held = createServer().listen(0, '127.0.0.1');
  await once(held, 'listening');
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const [{ port: taken }, { port }] = [held.address() as AddressInfo, free.address() as AddressInfo];
  free.close();
  await once(free, 'close');
  const pool = (listen: number) => ({ listen: `127.0.0.1:${listen}`, nodes: ['127.0.0.1:1'] });
  const proxy = createProxy({ pools: { first: pool(port), second: pool(taken) } });
  await t.rejects(proxy.start(), { code: 'EADDRINUSE' });
  t.notOk(await isOpen({ host: '127.0.0.1', port }));
  held.close();
});

t.test('there is no address before it starts and after it has stopped', async (t) => {
  const proxy = createProxy(CONFIG);
  t.throws(() => proxy.address('p'), { message: 'there is no running pool p' });
  await proxy.start();
  t.throws(() => proxy.address('q'), { message: 'there is no running pool q' });
  await proxy.stop();
  t.throws(() => proxy.address('p'), { message: 'there is no running pool p' });
  t.equal(proxy.adminAddress(), undefined);
  await t.resolves(proxy.stop(), 'a second stop changes nothing');
});

t.test('stopped while it starts, it does not run', async (t) => {
  const proxy = createProxy(CONFIG);
  const started = proxy.start();
  await proxy.stop();
  await started;
  t.throws(() => proxy.address('p'), { message: 'there is no running pool p' });
  t.equal(proxy.adminAddress(), undefined);
});

t.test('stopped before it starts, it never does', async (t) => {
  const proxy = createProxy(CONFIG);
  await proxy.stop();
  await t.rejects(proxy.start(), { message: /starts once/ });
});
