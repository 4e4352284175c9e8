import t from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import type { RedisNode } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
import type { RespClient } from '../support/resp-client.ts';
import { gate, startScriptedNode } from '../support/scripted-node.ts';
import { until } from '../support/wait.ts';

/** Connections that clients have to themselves: what becomes of them, and of who waits for one, when something goes wrong. */

const fleet = await startFleet({ nodes: 2 });
t.teardown(() => fleet.stop());
const [a, a2] = [fleet.keyOn(0), fleet.keyOn(0, 1)];

const blockedAt = async (node: RedisNode): Promise<number> =>
  Number(/blocked_clients:(\d+)/.exec(String(await node.call('INFO', 'clients')))?.[1]);

async function close(...clients: readonly RespClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

t.test('a large request behind one that had a connection of its own', async (t) => {
  const before: readonly (readonly string[][])[] = [
    [['EVAL', "return redis.call('GET', KEYS[1])", '1', a]],
    [['WATCH', a], ['UNWATCH']],
    [['WATCH', a], ['MULTI'], ['GET', a], ['EXEC']],
    [['WATCH', a], ['MULTI'], ['DISCARD']],
  ];
  for (const requests of before) {
    for (const size of [40_000, 300_000, 3_000_000]) {
      const client = await fleet.connect({ deadlineMs: 20_000 });
      const set = encode(['SET', a2, 'v'.repeat(size)]);
      client.send(Buffer.concat([...requests.map(encode), set.subarray(0, 35_000)]));
      await client.read(requests.length);
      client.send(set.subarray(35_000));
      t.equal((await client.read(1))[0]?.text, '+OK\r\n', `${requests[0]?.[0]} … ${requests.at(-1)?.[0]}, ${size} bytes`);
      await client.close();
    }
  }
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const watched = await client.pipeline([['WATCH', a], ['SET', a2, 'v'.repeat(3_000_000)], ['MULTI'], ['STRLEN', a2], ['EXEC']]);
  t.same(watched.at(-1)?.value, [3_000_000], 'while keys are watched');
  await client.close();
});

t.test('what is sent there counts as everything else', async (t) => {
  const counted = async () => (await fleet.metrics()).sum('keyfan_backend_requests_total', { node: 'a' });
  const before = await counted();
  const client = await fleet.connect();
  await client.pipeline([['WATCH', a], ...Array.from({ length: 50 }, () => ['GET', a])]);
  t.equal((await counted()) - before, 51);
  await client.close();
});

t.test('RANDOMKEY behind a script', async (t) => {
  const client = await fleet.connect();
  await client.command('SET', a, '1');
  for (let i = 0; i < 50; i++) {
    const replies = await client.pipeline([['EVAL', 'return 1', '1', a], ['RANDOMKEY']]);
    t.match(replies[1]?.text, /^\$\d/);
  }
  await client.close();
});

t.test('clients that wait to be subscribed and leave are gone', async () => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_reserved: 1 }, timeouts: { request: '500ms' } } });
  const [holder, ...waiting] = await Promise.all(Array.from({ length: 5 }, () => small.connect()));
  holder?.send('SUBSCRIBE q\r\n');
  await holder?.read(1);
  for (const client of waiting) client.send('SUBSCRIBE q\r\n');
  const sum = async (name: string) => (await small.metrics()).sum(name);
  await until(async () => (await sum('keyfan_requests_total')) === 5, 'all to have asked');
  await close(...waiting);
  await until(async () => (await sum('keyfan_connections')) === 1, 'all to be gone');
  await holder?.close();
  await small.stop();
});

t.test('a client that leaves while it waits for a connection to block on takes nothing', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_reserved: 1 } } });
  const [holder, leaving, other] = (await Promise.all([small.connect(), small.connect(), small.connect()])) as [
    RespClient,
    RespClient,
    RespClient,
  ];
  await holder.command('WATCH', 'q');
  leaving.send('BLPOP q 0\r\n');
  await until(async () => /cmd=blpop/.test(String((await other.command('CLIENT', 'LIST')).value)), 'it to wait');
  await leaving.close();
  await other.command('RPUSH', 'q', 'job');
  await holder.command('UNWATCH');
  t.same((await other.command('BLPOP', 'q', '0')).value, ['q', 'job']);
  await close(holder, other);
  await small.stop();
});

t.test('a client that is blocked, has sent much more and leaves, is heard leaving', async (t) => {
  const node = fleet.nodes[0] as RedisNode;
  const clients = await Promise.all(Array.from({ length: 4 }, () => fleet.connect()));
  for (const client of clients) client.send(Buffer.concat([encode(['BLPOP', `{${a}}q`, '0']), encode(['SET', a2, 'x'.repeat(200_000)])]));
  await until(async () => (await blockedAt(node)) === 4, 'all to be blocked');
  for (const client of clients.slice(2)) client.socket.resetAndDestroy();
  await close(...clients.slice(0, 2));
  await until(async () => (await blockedAt(node)) === 0, 'nobody to be blocked');
  const other = await fleet.connect();
  t.same(
    (
      await other.pipeline([
        ['RPUSH', `{${a}}q`, 'job'],
        ['LLEN', `{${a}}q`],
      ])
    ).map(({ value }) => value),
    [1, 1],
  );
  await other.command('DEL', `{${a}}q`);
  await other.close();
});

t.test('a blocking request that is read only after the client has ended its side takes nothing', async (t) => {
  const node = await startFleet({ nodes: 1 });
  const client = await node.connect({ allowHalfOpen: true });
  const other = await node.connect();
  await other.command('CLIENT', 'PAUSE', '60000', 'WRITE');
  client.send('SET k v\r\nBLPOP q 0\r\n');
  client.socket.end();
  await until(async () => / qbuf=[1-9]/.test(String((await other.command('CLIENT', 'LIST')).value)), 'it to be held');
  await other.command('CLIENT', 'UNPAUSE');
  await client.closed;
  t.same(
    (
      await other.pipeline([
        ['RPUSH', 'q', 'job'],
        ['LLEN', 'q'],
        ['GET', 'k'],
      ])
    ).map(({ value }) => value),
    [1, 1, 'v'],
  );
  await other.close();
  await node.stop();
});

t.test('replies to what came before a blocking request are sent, although the client has ended its side', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_reserved: 4 } } });
  t.teardown(() => small.stop());
  for (const [requests, wanted] of [
    ['SET k 1\r\nBLPOP q 0\r\n', '+OK\r\n'],
    ['EVAL "return 1" 1 k\r\nBLPOP q 0\r\n', ':1\r\n'],
    ['RPUSH l x\r\nXREAD BLOCK 0 STREAMS s $\r\n', ':1\r\n'],
    ['SET k 1\r\nWAIT 5 0\r\n', '+OK\r\n'],
    ['PING\r\nSUBSCRIBE c\r\n', '+PONG\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n'],
  ] as const) {
    for (let i = 0; i < 5; i++) {
      const client = await small.connect({ allowHalfOpen: true });
      client.socket.end(requests);
      t.equal(String(await client.waitClosed()), wanted, requests);
      await small.nodes[0]?.call('DEL', 'l');
    }
  }
  await until(async () => (await small.metrics()).sum('keyfan_connections') === 0, 'nobody to be left');
  await small.conserved();
});

t.test('a client that had been held up before it was blocked, or has sent megabytes, is heard leaving', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { client_in_flight: 4 } } });
  t.teardown(() => small.stop());
  const node = small.nodes[0] as RedisNode;
  const gets = Array.from({ length: 10 }, () => encode(['GET', 'k']));
  for (const [before, behind] of [
    [gets, encode(['GET', 'k'])],
    [[], encode(['SET', 'k', 'x'.repeat(3_000_000)])],
  ] as const) {
    const client = await small.connect({ deadlineMs: 20_000 });
    client.send(Buffer.concat([...before, encode(['BLPOP', 'q', '0']), behind]));
    await until(async () => (await blockedAt(node)) === 1, 'it to be blocked');
    client.socket.resetAndDestroy();
    await until(async () => (await small.metrics()).sum('keyfan_connections') === 0, 'it to be gone');
    await until(async () => (await blockedAt(node)) === 0, 'nobody to be blocked');
  }
  t.equal((await small.metrics()).sum('keyfan_clients_disconnected_total'), 0, 'they left by themselves');
});

t.test('connections that a request was refused in spite of go back', async (t) => {
  const small = await startFleet({ nodes: 2, pool: { limits: { node_reserved: 2 } } });
  await small.nodes[1]?.kill();
  await small.waitNode(1, 'not up');
  const clients = await Promise.all(Array.from({ length: 2 }, () => small.connect()));
  for (const client of clients) t.match((await client.command('WAIT', '0', '100')).text, /^-ERR keyfan: node b /);
  const other = await small.connect();
  t.equal((await other.command('EVAL', 'return 1', '1', small.keyOn(0))).text, ':1\r\n');
  await close(...clients, other);
  await small.stop();
});

t.test('an upload to a node that takes nothing ends, and so does its client', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { timeouts: { request: '500ms' } } });
  t.teardown(() => small.stop());
  const node = small.nodes[0] as RedisNode;
  await node.pause();
  const [stays, leaves] = await Promise.all([small.connect(), small.connect()]);
  const request = encode(['SET', 'k', 'v'.repeat(20_000_000)]);
  stays.send(request);
  leaves.send(request.subarray(0, 15_000_000));
  t.match((await stays.read(1))[0]?.text, /^-ERR keyfan: .* not executed/);
  leaves.socket.resetAndDestroy();
  await until(async () => (await small.metrics()).sum('keyfan_connections') === 1, 'the other one to be gone');
  await until(async () => (await small.metrics()).sum('keyfan_backend_leases') === 0, 'their connections to be closed');
  await node.resume();
  await stays.close();
});

t.test('a reply that was held up leaves a connection that is read from', async (t) => {
  const held = await holdingNode();
  t.teardown(() => held.fleet.stop());
  const [slow, next] = await Promise.all([held.fleet.connect(), held.fleet.connect()]);
  await slow.command('GET', 'x');
  slow.socket.pause();
  slow.send('LRANGE l 0 -1\r\n');
  await held.answered;
  await until(async () => (await held.fleet.metrics()).sum('keyfan_backend_in_flight') === 0, 'the reply to be whole');
  t.equal((await next.command('SET', 'b', 'v'.repeat(2_000_000))).text, '+OK\r\n');
  slow.socket.destroy();
  await next.close();
});

/** A node whose LRANGE passes 8 MiB with a piece behind which the last one comes in the same read. */
async function holdingNode(): Promise<{ fleet: Fleet; answered: Promise<void> }> {
  const huge = 8 * 1024 * 1024;
  const last = Buffer.from(`$40000\r\n${'c'.repeat(40_000)}\r\n`);
  const done = gate();
  const node = await startScriptedNode(async ({ args, connection }) => {
    if (args[0] === 'PING') return '+PONG\r\n';
    if (args[0] === 'GET') return '$1\r\nx\r\n';
    if (args[0] !== 'LRANGE') return '+OK\r\n';
    const first = huge - 30_000 - '$8388000\r\n\r\n'.length - '*2\r\n'.length;
    connection.write(`*2\r\n$${first}\r\n${'a'.repeat(first)}\r\n`);
    connection.write(last.subarray(0, 4));
    await until(() => connection.socket.writableLength === 0, 'most of it to be taken');
    await new Promise((resolve) => setTimeout(resolve, 200));
    connection.write(last.subarray(4));
    done.open();
    return undefined;
  });
  const started = await startFleet({ addresses: [node.address], pool: { timeouts: { client_stall: '60s', request: '2s' } } });
  const stop = started.stop.bind(started);
  started.stop = async () => {
    await stop();
    await node.stop();
  };
  return { fleet: started, answered: done.promise };
}
