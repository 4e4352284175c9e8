import t from 'tap';
import { startFleet } from '../support/fleet.ts';

t.test('a request that never ends is cut off at client_query; one that ends just below it passes', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_query: '256kb' } } });
  t.teardown(() => fleet.stop());

  const within = await fleet.connect();
  t.equal((await within.command('SET', 'k', Buffer.alloc(200 * 1024, 'v'))).text, '+OK\r\n');

  const beyond = await fleet.connect();
  beyond.send(Buffer.from('*1000\r\n'));
  for (let i = 0; i < 10; i++) beyond.send(Buffer.concat([Buffer.from('$65536\r\n'), Buffer.alloc(65536), Buffer.from('\r\n')]));
  t.equal((await beyond.waitClosed()).length, 0, 'disconnected without a reply, as by Redis');
  t.equal((await within.command('STRLEN', 'k')).text, ':204800\r\n', 'others are not touched');
});
