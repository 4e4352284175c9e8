import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
import { type Arg, connectResp, type RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const [fleet, plain] = await Promise.all([
  startFleet({ args: ['--notify-keyspace-events', 'KEA'], pool: { timeouts: { request: '20s' } } }),
  startRedis(),
]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

const [a, b, c] = [0, 1, 2].map((node) => fleet.keyOn(node)) as [string, string, string];

const words = (request: string): Arg[] => request.split(' ');

/** What a client has received once it ends with the reply to a last PING, which is left out. */
async function said(client: RespClient, requests: readonly string[]): Promise<string> {
  for (const request of requests) client.send(`${request}\r\n`);
  client.send('PING the-end\r\n');
  await until(
    () => client.received().includes('the-end'),
    () => `the end, not ${client.received()}`,
  );
  return client.received().toString('latin1');
}

const SEQUENCES: readonly (readonly string[])[] = [
  ['SUBSCRIBE x', 'SUBSCRIBE x y z', 'UNSUBSCRIBE y', 'UNSUBSCRIBE nosuch', 'PSUBSCRIBE p* q?', 'UNSUBSCRIBE x z', 'PUNSUBSCRIBE p* q?'],
  ['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE', 'UNSUBSCRIBE a b', 'PUNSUBSCRIBE a'],
  ['SSUBSCRIBE s', 'SUBSCRIBE x', 'SUNSUBSCRIBE', 'UNSUBSCRIBE'],
  ['SUBSCRIBE x', 'GET k', 'PING', 'PING hello', 'CLIENT ID', 'NOSUCH', 'SET k', 'UNSUBSCRIBE', 'GET nosuch'],
  ['SUBSCRIBE x', 'RESET', 'GET nosuch', 'SUBSCRIBE', 'PUBLISH x'],
  ['PSUBSCRIBE p*', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'PUBLISH nobody x'],
];

t.test('confirmations and counters, byte for byte as Redis gives them', async (t) => {
  for (const hello of ['HELLO 2', 'HELLO 3']) {
    for (const sequence of SEQUENCES) {
      const clients = await Promise.all([fleet.connect(), connectResp(plain.port)]);
      const texts = await Promise.all(clients.map((client) => said(client, [hello, ...sequence])));
      const [ours, theirs] = texts.map((text) => text.replace(/\$2\r\nid\r\n:\d+/, '').replace(/(CLIENT|:)\d+/g, '$1'));
      // Ids of clients differ; numbers of subscriptions are compared apart.
      if (!sequence.includes('CLIENT ID'))
        t.equal(texts[0]?.replace(/\$2\r\nid\r\n:\d+/, ''), texts[1]?.replace(/\$2\r\nid\r\n:\d+/, ''), `${hello}: ${sequence}`);
      else t.equal(ours, theirs, `${hello}: ${sequence}`);
      await Promise.all(clients.map((client) => client.close()));
    }
  }
});

t.test('messages cross sessions, on every node, in both versions of RESP', async (t) => {
  const [two, three, sender] = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
  await three.command('HELLO', '3');
  await Promise.all([two, three].map((client) => said(client, [`SUBSCRIBE ${a} ${b} ${c}`])));
  for (const channel of [a, b, c]) t.equal((await sender.command('PUBLISH', channel, `to ${channel}`)).text, ':2\r\n', 'the exact count');
  const message = (channel: string, first: string): string =>
    `${first}3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${channel.length + 3}\r\nto ${channel}\r\n`;
  for (const channel of [a, b, c]) {
    await until(() => two.received().includes(message(channel, '*')), 'the message in RESP2');
    await until(() => three.received().includes(message(channel, '>')), 'the message in RESP3');
  }
  t.equal((await sender.command('PUBLISH', 'nobody', 'x')).text, ':0\r\n');
  await Promise.all([two, three, sender].map((client) => client.close()));
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 0, 'rest');
});

t.test('a pattern on three nodes: each message once, and counted once', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect(), fleet.connect()]);
  await said(client, ['PSUBSCRIBE *']);
  for (const channel of [a, b, c]) t.equal((await sender.command('PUBLISH', channel, 'x')).text, ':1\r\n');
  await sender.command('PUBLISH', 'last', 'x');
  await until(() => client.received().includes('$4\r\nlast\r\n'), 'the last message');
  for (const channel of [a, b, c]) t.equal(client.received().toString().split(`\r\n${channel}\r\n`).length - 1, 1);
  t.same((await sender.command('PUBSUB', 'NUMPAT')).value, 1);
  t.same((await sender.command('PUBSUB', 'CHANNELS')).value, []);
  await Promise.all([client.close(), sender.close()]);
});

t.test('PUBSUB NUMPAT counts a pattern once a PUBLISH reaches it, whatever the channel', async (t) => {
  const sender = await fleet.connect();
  const patterns = () => Promise.all(fleet.nodes.map((node) => node.call('PUBSUB', 'NUMPAT')));
  await until(async () => (await patterns()).join() === '0,0,0', 'the patterns of earlier tests to go');
  const there = await Promise.all(fleet.nodes.map((node) => connectResp(node.port)));
  for (const [i, node] of there.entries()) {
    t.same((await sender.command('PUBSUB', 'NUMPAT')).value, 0, `on ${i} of 3 nodes`);
    await said(node, ['PSUBSCRIBE half-way*']);
  }
  t.same((await sender.command('PUBSUB', 'NUMPAT')).value, 1);
  await Promise.all([...there, sender].map((client) => client.close()));
});

t.test('keyspace notifications come from all nodes', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect(), fleet.connect()]);
  await said(client, ['SUBSCRIBE __keyevent@0__:set']);
  for (const key of [a, b, c]) await sender.command('SET', key, '1');
  for (const key of [a, b, c]) await until(() => client.received().includes(`\r\n${key}\r\n`), `the event of ${key}`);
  t.pass('all came');
  await Promise.all([client.close(), sender.close()]);
});

t.test('sharded channels', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect(), fleet.connect()]);
  await said(client, [`SSUBSCRIBE ${a}`, `SSUBSCRIBE ${b}`]);
  t.equal((await sender.command('SPUBLISH', b, 'x')).text, ':1\r\n');
  t.equal((await sender.command('PUBLISH', b, 'y')).text, ':0\r\n', 'not a channel');
  await until(() => client.received().includes(`smessage\r\n$${b.length}\r\n${b}\r\n$1\r\nx`), 'the message');
  t.match((await sender.command('SSUBSCRIBE', a, b)).text, /^-CROSSSLOT /);
  t.same((await sender.command('PUBSUB', 'SHARDNUMSUB', a, b)).value, [a, 1, b, 1]);
  await Promise.all([client.close(), sender.close()]);
});

t.test('PUBSUB of all nodes', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect(), fleet.connect()]);
  await said(client, [`SUBSCRIBE ${a} ${b}`]);
  t.same(((await sender.command('PUBSUB', 'CHANNELS')).value as string[]).sort(), [a, b].sort());
  t.same((await sender.command('PUBSUB', 'NUMSUB', a, b, c)).value, [a, 1, b, 1, c, 0]);
  await Promise.all([client.close(), sender.close()]);
});

t.test('in RESP3 a subscriber goes on as usual, and a large reply is not cut by messages', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect({ deadlineMs: 20_000 }), fleet.connect()]);
  const large = 'x'.repeat(4_000_000);
  await sender.command('SET', a, large);
  await client.command('HELLO', '3');
  client.send(`SUBSCRIBE ${b}\r\n`);
  await client.read(1);
  const publishing = (async () => {
    for (let i = 0; i < 200; i++) await sender.command('PUBLISH', b, `message ${i}`);
  })();
  for (let i = 0; i < 20; i++) client.send(`GET ${a}\r\n`);
  await publishing;
  const frames = await client.read(220);
  t.equal(frames.filter(({ text }) => text.startsWith('>3\r\n$7\r\nmessage')).length, 200);
  t.equal(frames.filter(({ text }) => text === `$4000000\r\n${large}\r\n`).length, 20);
  const messages = frames.filter(({ text }) => text.startsWith('>')).map(({ text }) => /message (\d+)\r\n$/.exec(text)?.[1]);
  t.same(
    messages,
    Array.from({ length: 200 }, (_, i) => String(i)),
    'in order',
  );
  await Promise.all([client.close(), sender.close()]);
});

t.test('a node that was killed and started again: subscribed anew', async (t) => {
  const [client, sender] = await Promise.all([fleet.connect(), fleet.connect()]);
  await said(client, [`SUBSCRIBE ${a} ${b}`, 'PSUBSCRIBE never*']);
  await fleet.nodes[0]?.kill();
  await fleet.waitNode(0, 'not up');
  t.match((await sender.command('SUBSCRIBE', a)).text, /^-ERR keyfan: node a is down; the command was not executed/);
  t.equal((await sender.command('GET', 'nosuch:1')).text.startsWith('-ERR Can'), false, 'nothing is half subscribed');
  t.equal((await sender.command('PUBLISH', b, 'meanwhile')).text, ':1\r\n');
  await fleet.nodes[0]?.restart();
  await fleet.waitNode(0, 'up');
  await until(async () => (await sender.command('PUBLISH', a, 'again')).text === ':1\r\n', 'the subscription to be back');
  await until(() => client.received().includes('again'), 'the message');
  t.ok(client.received().includes('meanwhile'));
  t.ok((await fleet.metrics()).sum('keyfan_subscriptions_lost_total', { node: 'a' }) >= 1);
  await Promise.all([client.close(), sender.close()]);
});

t.test('a subscriber that does not read is disconnected and holds up nobody', async (t) => {
  const [slow, sender] = await Promise.all([fleet.connect(), fleet.connect({ deadlineMs: 20_000 })]);
  await said(slow, [`SUBSCRIBE ${a}`]);
  slow.socket.pause();
  const message = 'x'.repeat(1_000_000);
  await until(async () => (await sender.command('PUBLISH', a, message)).text === ':0\r\n', 'the slow one to be gone', 20_000);
  t.equal((await sender.command('SET', a, '1')).text, '+OK\r\n');
  t.equal((await fleet.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'slow_subscriber' }), 1);
  slow.socket.destroy();
  await sender.close();
});

t.test('many subscriptions at once, and no more than allowed', async (t) => {
  const small = await startFleet({ pool: { limits: { client_subscriptions: 10 } } });
  const client = await small.connect();
  t.match(
    (await client.command('SUBSCRIBE', ...Array.from({ length: 11 }, (_, i) => `c${i}`))).text,
    /^-ERR keyfan: too many subscriptions/,
  );
  t.equal((await client.command('GET', 'k')).text, '$-1\r\n');
  client.send('SUBSCRIBE 0 1 2 3 4 5 6 7 8 9\r\n');
  await client.read(10);
  t.match((await client.command('PSUBSCRIBE', 'x')).text, /^-ERR keyfan: too many subscriptions/);
  await client.close();
  await small.stop();
});

t.test('thirty thousand names: subscribed to at once, and left at once', async (t) => {
  const names = Array.from({ length: 30_000 }, (_, i) => `many:${i}`);
  const channels = async (): Promise<number> => {
    const lists = await Promise.all(fleet.nodes.map((node) => node.call('PUBSUB', 'CHANNELS', 'many:*')));
    return lists.flat().length;
  };
  const client = await fleet.connect({ deadlineMs: 20_000 });
  client.send(encode(['SUBSCRIBE', ...names]));
  await client.read(names.length);
  t.equal(await channels(), names.length);
  client.send(encode(['UNSUBSCRIBE', ...names.slice(1)]));
  await client.read(names.length - 1);
  await until(async () => (await channels()) === 1, 'one to be left', 20_000);
  await client.close();
  await until(async () => (await channels()) === 0, 'none to be left');
});

t.test('a node that cannot be told what nobody wants any more is subscribed to anew', async () => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_in_flight: 5 } } });
  const [client, node] = [await small.connect(), small.nodes[0] as RedisNode];
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  await said(client, [`SUBSCRIBE last ${names.join(' ')}`]);
  client.send(names.map((name) => `UNSUBSCRIBE ${name}\r\n`).join(''));
  await until(async () => String(await node.call('PUBSUB', 'CHANNELS')) === 'last', 'one to be left');
  await until(async () => (await node.call('PUBLISH', 'last', 'hello')) === 1 && client.received().includes('hello'), 'a message');
  await client.close();
  await small.stop();
});

t.test('the last names go while another order is on its way: the connection goes, too', async (t) => {
  const small = await startFleet({ nodes: 2 });
  t.teardown(() => small.stop());
  const [client, node] = [await small.connect(), small.nodes[0] as RedisNode];
  const [here, there] = [small.keyOn(0), small.keyOn(1)];
  const connections = async () => Number(/connected_clients:(\d+)/.exec(String(await node.call('INFO', 'clients')))?.[1]);
  const before = await connections();
  await said(client, [`SUBSCRIBE ${here} ${here}2 ${here}3 ${there}`]);
  t.ok((await connections()) > before);
  client.send(`UNSUBSCRIBE ${here}\r\nUNSUBSCRIBE ${here}2\r\nUNSUBSCRIBE ${here}3\r\n`);
  await until(async () => (await connections()) === before, 'the connection to be closed');
  await client.close();
  await small.conserved();
});

t.test('a SUBSCRIBE that is lost with its connection beside other subscriptions: told and counted, nothing is left behind', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { timeouts: { request: '20s' } } });
  t.teardown(() => small.stop());
  const [client, node] = [await small.connect(), small.nodes[0] as RedisNode];
  await said(client, ['SUBSCRIBE first']);
  await node.pause();
  client.send('SUBSCRIBE second\r\n');
  await until(async () => (await small.metrics()).sum('keyfan_backend_in_flight') === 1, 'the order to be sent');
  await node.kill();
  await until(() => client.received().includes('connection to node a was lost'), 'its failure');
  t.equal((await small.metrics()).sum('keyfan_errors_total', { code: 'connection_lost' }), 1);
  await node.restart();
  await small.waitNode(0, 'up');
  await until(async () => Number(await node.call('PUBLISH', 'first', 'again')) === 1, 'the first to be back');
  await client.close();
  await small.conserved();
});

/** What has come up to the confirmation of an UNSUBSCRIBE. */
async function farewell(client: RespClient): Promise<readonly string[]> {
  const texts: string[] = [];
  while (!/unsubscribe/.test(texts.at(-1) ?? '')) for (const { text } of await client.read(1)) texts.push(text);
  return texts;
}

const FAREWELLS = [
  { what: 'a channel', letter: '', name: a, word: 'PUBLISH' },
  { what: 'a pattern', letter: 'P', name: `${a}*`, word: 'PUBLISH' },
  { what: 'a sharded channel', letter: 'S', name: a, word: 'SPUBLISH' },
] as const;

for (const { what, letter, name, word } of FAREWELLS) {
  const published = [word, a, 'x'] as const;
  /** Subscribes, has `publish` publish, unsubscribes, 100 times; returns how often the message was not there before the confirmation. */
  const lost = async (client: RespClient, publish: () => Buffer | Promise<Buffer>): Promise<number> => {
    let count = 0;
    for (let i = 0; i < 100; i++) {
      client.send(encode([`${letter}SUBSCRIBE`, name]));
      await client.read(1);
      client.send(Buffer.concat([await publish(), encode([`${letter}UNSUBSCRIBE`, name])]));
      if (!(await farewell(client)).some((text) => /\b[ps]?message\r/.test(text))) count++;
    }
    return count;
  };

  t.test(`a message that PUBLISH has counted comes before the confirmation of an UNSUBSCRIBE behind it: ${what}`, async (t) => {
    const client = await fleet.connect({ deadlineMs: 20_000 });
    await client.command('HELLO', '3');
    t.equal(await lost(client, () => encode(published)), 0, 'nothing else is subscribed to');
    await client.command('SSUBSCRIBE', `{${a}}stays`);
    t.equal(await lost(client, () => encode(published)), 0, 'another channel stays');
    t.equal((await client.command('PING')).text, '+PONG\r\n', 'nothing comes behind');
    await client.close();
  });

  t.test(`the same where another client publishes, and the subscriber knows of it: ${what}`, async (t) => {
    const sender = await fleet.connect();
    const publish = async (): Promise<Buffer> => {
      const { text } = await sender.command(...published);
      if (text !== ':1\r\n') t.fail(`counted ${text}`);
      return Buffer.alloc(0);
    };
    for (const version of ['2', '3']) {
      const client = await fleet.connect({ deadlineMs: 20_000 });
      await client.command('HELLO', version);
      t.equal(await lost(client, publish), 0, `RESP${version}`);
      t.equal((await sender.command(...published)).text, ':0\r\n', 'whoever has the confirmation is not counted any more');
      t.equal((await client.command('PING')).text, '+PONG\r\n', 'nothing comes behind');
      await client.close();
    }
    await sender.close();
  });
}

t.test('ioredis and node-redis subscribe with their defaults', async (t) => {
  const [io, publisher] = [new Redis(fleet.port), new Redis(fleet.port)];
  const node = createClient({ url: `redis://127.0.0.1:${fleet.port}` });
  const node3 = createClient({ url: `redis://127.0.0.1:${fleet.port}`, RESP: 3 });
  const heard: string[] = [];
  await Promise.all([node.connect(), node3.connect()]);
  io.on('message', (channel, message) => heard.push(`io ${channel} ${message}`));
  io.on('pmessage', (pattern, channel, message) => heard.push(`io ${pattern} ${channel} ${message}`));
  await io.subscribe(a, b);
  await io.psubscribe('news.*');
  await node.subscribe(a, (message, channel) => heard.push(`node ${channel} ${message}`));
  await node3.pSubscribe('news.*', (message, channel) => heard.push(`node3 ${channel} ${message}`));
  t.equal(await publisher.publish(a, '1'), 2);
  t.equal(await publisher.publish(b, '2'), 1);
  t.equal(await publisher.publish('news.x', '3'), 2);
  const wanted = [`io ${a} 1`, `io ${b} 2`, 'io news.* news.x 3', `node ${a} 1`, 'node3 news.x 3'];
  await until(
    () => heard.length === wanted.length,
    () => `all messages, not ${heard}`,
  );
  t.same([...heard].sort(), [...wanted].sort());
  await io.unsubscribe(a);
  await node.unsubscribe(a);
  t.equal(await publisher.publish(a, '4'), 0);
  io.disconnect();
  publisher.disconnect();
  await Promise.all([node.close(), node3.close()]);
});

t.test('random pools, too', async (t) => {
  const random = await startFleet({ strategy: 'random' });
  const [client, sender] = await Promise.all([random.connect(), random.connect()]);
  client.send('SUBSCRIBE x\r\n');
  await client.read(1);
  for (let i = 0; i < 5; i++) t.equal((await sender.command(...words(`PUBLISH x ${i}`))).text, ':1\r\n');
  await client.read(5);
  await Promise.all([client.close(), sender.close()]);
  await random.stop();
});
