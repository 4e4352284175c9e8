import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { breakOff } from '../../../src/downstream/linger.ts';

/** Both ends of a connection, at one of which more was written than the kernel takes. */
async function pair(t: Test, listen: NetConnectOpts): Promise<{ ours: Socket; theirs: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(listen);
  await once(server, 'listening');
  const theirs = connect('path' in listen ? listen : (server.address() as { port: number })).on('error', () => {});
  const [ours] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => {
    theirs.destroy();
    server.close();
  });
  theirs.pause();
  ours.write(Buffer.alloc(32 * 1024 * 1024));
  return { ours, theirs };
}

t.test('a TCP connection that is broken off is reset: the kernel sends no more of what it holds', async (t) => {
  const { ours, theirs } = await pair(t, { port: 0, host: '127.0.0.1' });
  const error = once(theirs, 'error');
  breakOff(ours);
  await once(ours, 'close');
  theirs.resume();
  t.match(await error, [{ code: 'ECONNRESET' }]);
});

t.test('another one is closed', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-linger-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const { ours } = await pair(t, { path: join(dir, 'socket') });
  breakOff(ours);
  await once(ours, 'close');
  t.ok(ours.destroyed);
  breakOff(ours);
});
