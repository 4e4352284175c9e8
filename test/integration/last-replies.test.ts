import t from 'tap';
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
