import t from 'tap';
import { OutBuffer } from '../../src/util/out-buffer.ts';
import { startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { startScriptedNode } from '../support/scripted-node.ts';

t.test('requests in a row that are refused at once are answered no faster than the client takes it', async (t) => {
  const node = await startScriptedNode(({ args }) => (args[0] === 'PING' ? '+PONG\r\n' : '+OK\r\n'));
  const addresses = [node.address, '127.0.0.1:1'];
  const fleet = await startFleet({ addresses, strategy: 'modulo', pool: { limits: { client_unsent: '16kb' } }, waitUp: false });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  await fleet.waitNode(0, 'up');
  const client = await fleet.connect();
  t.equal((await client.command('GET', fleet.keyOn(0))).raw.toString(), '+OK\r\n', 'the client is known');
  let most = 0;
  const flush = OutBuffer.prototype.flush;
  t.teardown(() => {
    OutBuffer.prototype.flush = flush;
  });
  OutBuffer.prototype.flush = function (sink) {
    most = Math.max(most, this.length);
    flush.call(this, sink);
  };
  const replies = await client.pipeline(Array.from({ length: 2000 }, () => ['GET', fleet.keyOn(1)]));
  t.equal(replies.length, 2000);
  t.ok(
    replies.every(({ raw }) => raw.toString().includes('not executed')),
    String(replies[0]?.raw),
  );
  t.ok(most > 0 && most <= 9 * 1024, `${most} bytes at once`);
  t.ok(encode(['GET', fleet.keyOn(1)]).length * 2000 > 40 * 1024, 'in few reads');
});
