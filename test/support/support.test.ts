import t from 'tap';
import { hasNutcracker, startNutcracker } from './nutcracker.ts';
import { startRedis, startRedisNodes } from './redis.ts';
import { replyEnd } from './resp.ts';
import { connectResp } from './resp-client.ts';
import { gate, startScriptedNode } from './scripted-node.ts';
import { until } from './wait.ts';

t.test('redis: calls, restart on the same port, pause and kill', async (t) => {
  const node = await startRedis();
  t.teardown(() => node.stop());
  t.equal(await node.call('SET', 'k', 'é'), 'OK');
  t.equal(await node.call('GET', 'k'), 'é');
  t.strictSame(await node.callBuffers('GET', 'k'), Buffer.from('é'));
  await t.rejects(node.call('INCR', 'k'), /not an integer/);
  t.equal(await node.call('GET', 'k'), 'é', 'the connection survives an error reply');

  const { pid, port } = node;
  await node.restart();
  t.not(node.pid, pid);
  t.equal(node.port, port);
  t.equal(await node.call('GET', 'k'), null, 'no persistence by default');

  await node.pause();
  const answer = node.call('PING');
  const client = await connectResp(port, { deadlineMs: 100 });
  await t.rejects(client.command('PING'), /waited 0.1 s for 1 replies, got 0/, 'a paused node accepts and stays silent');
  node.resume();
  t.equal(await answer, 'PONG');
  await node.kill();
  await client.waitClosed();
  await t.rejects(node.call('PING'), /ECONNREFUSED/);
});

t.test('redis: persistence survives kill and restart', async (t) => {
  const node = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  t.teardown(() => node.stop());
  await node.call('SET', 'k', 'v');
  await node.kill();
  await node.restart();
  t.equal(await node.call('GET', 'k'), 'v');
});

t.test('redis: a password, and a server that cannot start', async (t) => {
  const node = await startRedis({ args: ['--requirepass', 'secret'], password: 'secret' });
  t.teardown(() => node.stop());
  t.equal(await node.call('PING'), 'PONG');
  await t.rejects(startRedis({ port: node.port }), /in use/);
  await t.rejects(startRedis({ args: ['--no-such-option', 'x'] }), /no-such-option/);
});

t.test('redis: many at once do not share ports', async (t) => {
  const nodes = await startRedisNodes(6);
  t.teardown(() => Promise.all(nodes.map((node) => node.stop())));
  t.equal(new Set(nodes.map((node) => node.port)).size, 6);
});

t.test('resp client: raw replies, incomplete ones, half close', async (t) => {
  const node = await startRedis();
  t.teardown(() => node.stop());
  const client = await connectResp(node.port);
  const replies = await client.pipeline([
    ['SET', 'k', Buffer.from([0, 13, 10, 255])],
    ['GET', 'k'],
    ['GET', 'none'],
    ['MGET', 'k', 'none'],
    ['NOPE'],
  ]);
  t.strictSame(
    replies.map((reply) => reply.text),
    [
      '+OK\r\n',
      '$4\r\n\0\r\n\xff\r\n',
      '$-1\r\n',
      '*2\r\n$4\r\n\0\r\n\xff\r\n$-1\r\n',
      "-ERR unknown command 'NOPE', with args beginning with: \r\n",
    ],
  );
  t.equal(replies[0]?.value, 'OK');
  t.type(replies[4]?.value, Error);
  client.send('PING\r\n');
  client.end();
  t.equal((await client.read(1))[0]?.text, '+PONG\r\n', 'a reply still comes after the half close');
  const all = await client.waitClosed();
  t.equal(all.toString('latin1'), `${replies.map((reply) => reply.text).join('')}+PONG\r\n`);
  await t.rejects(client.read(1), /got 0: the connection was closed by the other side/);
});

t.test('reply splitter: every frame at every cut', async (t) => {
  const frames = [
    '+OK\r\n', '-ERR x\r\n', ':1\r\n', '$-1\r\n', '$0\r\n\r\n', '*-1\r\n', '*0\r\n', '*2\r\n*1\r\n:1\r\n$2\r\n\r\n\r\n',
    '%1\r\n+a\r\n*1\r\n_\r\n', '|1\r\n+a\r\n:1\r\n:2\r\n', '>2\r\n+a\r\n#t\r\n', '=5\r\ntxt:a\r\n', ',1.5\r\n', '(12\r\n', '~1\r\n:1\r\n',
  ]; // biome-ignore format: a table
  for (const frame of frames) {
    const bytes = Buffer.from(frame, 'latin1');
    for (let cut = 0; cut < bytes.length; cut++) t.equal(replyEnd(bytes.subarray(0, cut)), -1, `${JSON.stringify(frame)} cut at ${cut}`);
    t.equal(replyEnd(Buffer.concat([bytes, Buffer.from('+')])), bytes.length, JSON.stringify(frame));
  }
  for (const bad of ['x\r\n', '$a\r\n', '$1\r\nabc\r\n', '*1\r\n?\r\n', '* 1\r\n']) {
    t.throws(() => replyEnd(Buffer.from(bad)), /not a reply|bad length|no CRLF/, JSON.stringify(bad));
  }
});

t.test('scripted node: half replies, delays by condition, order, RST', async (t) => {
  const later = gate();
  const node = await startScriptedNode(async ({ args, connection }) => {
    if (args[0] === 'SLOW') await later.promise;
    if (args[0] === 'HALF') return '$5\r\nab';
    if (args[0] === 'REST') return 'cde\r\n';
    if (args[0] === 'RST') return connection.reset();
    return `+${args[0]}\r\n`;
  });
  t.teardown(() => node.stop());
  const client = await connectResp(node.port);
  client.send('SLOW\r\n*2\r\n$4\r\nFAST\r\n$2\r\n\r\n\r\n');
  const words = (await node.waitRequests(2)).map((request) => request.args);
  t.strictSame(words, [['SLOW'], ['FAST', '\r\n']]);
  t.equal(client.received().length, 0);
  later.open();
  t.strictSame(
    (await client.read(2)).map((reply) => reply.text),
    ['+SLOW\r\n', '+FAST\r\n'],
  );
  await client.close();

  const other = await connectResp(node.port);
  other.send('HALF\r\n');
  await until(() => other.received().length === 6, 'half a reply');
  t.equal((await other.command('REST')).text, '$5\r\nabcde\r\n');
  other.send('RST\r\n');
  await other.waitClosed();
  t.equal(other.error?.code, 'ECONNRESET');
  t.equal(node.accepted, 2);
});

t.test('nutcracker: starts, serves, says why it does not', { skip: hasNutcracker ? false : 'nutcracker is not installed' }, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const pool = `{ listen: "127.0.0.1:{port}", redis: true, hash: murmur, distribution: ketama, servers: ["${redis.address}:1"] }`;
  const nutcracker = await startNutcracker(`a: ${pool}\nb: ${pool}\n`);
  t.teardown(() => nutcracker.stop());
  t.strictSame([...nutcracker.ports.keys()], ['a', 'b']);
  const client = await connectResp(nutcracker.port);
  t.equal((await client.command('SET', 'k', 'v')).text, '+OK\r\n');
  t.equal(await redis.call('GET', 'k'), 'v');
  await client.close();
  await t.rejects(startNutcracker('a: { listen: "127.0.0.1:{port}", nonsense: 1 }\n'), /nonsense|exited/);
});
