import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Fleet, healthy, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { gate, startScriptedNode } from '../support/scripted-node.ts';
import { until } from '../support/wait.ts';

const LATE = /^-ERR keyfan: node a did not answer in time; the command may have been executed\r\n$/;
const DOWN = /^-ERR keyfan: node a is down; the command was not executed\r\n$/;

t.test('rows 1, 3, 12: a paused node with many clients: errors in order, and no late reply is ever delivered to anybody', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '250ms' } } });
  t.teardown(() => fleet.stop());
  const clients = await Promise.all(Array.from({ length: 20 }, () => fleet.connect({ deadlineMs: 30_000 })));
  const keys = clients.map((_, c) => fleet.keyOn(0, c));
  await Promise.all(
    clients.map((client, c) =>
      client.pipeline([
        ['SET', keys[c] as string, `old:${c}`],
        ['SET', fleet.keyOn(1, c), `b:${c}`],
      ]),
    ),
  );

  for (let round = 0; round < 3; round++) {
    await fleet.nodes[0]?.pause();
    const answers = await Promise.all(
      clients.map((client, c) =>
        client.pipeline([
          ['ECHO', `before ${c}`],
          ['GET', keys[c] as string],
          ['GET', fleet.keyOn(1, c)],
          ['GETSET', keys[c] as string, `${round}:${c}`],
        ]),
      ),
    );
    answers.forEach((replies, c) => {
      const failed = replies.filter(({ text }) => LATE.test(text) || DOWN.test(text)).length;
      if (failed !== 2 || replies[0]?.value !== `before ${c}` || replies[2]?.value !== `b:${c}`)
        t.fail(replies.map(({ text }) => text).join(''));
    });
    fleet.nodes[0]?.resume();
    await fleet.waitNode(0, 'up');
    const after = await Promise.all(
      clients.map((client, c) =>
        client.pipeline(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? ['GET', keys[c] as string] : ['ECHO', `${round}/${c}/${i}`]))),
      ),
    );
    const wrong = after.flatMap((replies, c) =>
      replies.filter(({ value }, i) =>
        i % 2 === 0 ? !new RegExp(`^(old|\\d+):${c}$`).test(String(value)) : value !== `${round}/${c}/${i}`,
      ),
    );
    t.same(
      wrong.map(({ text }) => text),
      [],
      'every client hears about its own keys only',
    );
  }
  await fleet.conserved();
  const metrics = await fleet.metrics();
  t.ok(metrics.sum('keyfan_tombstoned_replies_total', { node: 'a' }) > 0, 'late replies were dropped');
  t.ok(metrics.sum('keyfan_errors_total', { code: 'timeout' }) > 0);
  t.equal(metrics.sum('keyfan_backend_reconnects_total'), 0, 'on the same connection all the while');
});

/** One scripted node whose replies a test lets go one by one, with a short request timeout. */
async function startHeld(t: Test): Promise<{ fleet: Fleet; release(): void; seen(): number }> {
  const gates = Array.from({ length: 10 }, gate);
  let asked = 0;
  let released = 0;
  const node = await startScriptedNode(
    healthy(async (request) => {
      const turn = asked++;
      await (gates[turn] as (typeof gates)[number]).promise;
      return `+reply to ${request.args[1]}\r\n`;
    }),
  );
  const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { request: '150ms' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  return {
    fleet,
    release: () => gates[released++]?.open(),
    seen: () => node.requests.filter((request) => request.args[0] !== 'PING').length,
  };
}

t.test('the place of a request that timed out stays: its late reply is dropped, the next one goes to its own waiter', async (t) => {
  const { fleet, release, seen } = await startHeld(t);
  const client = await fleet.connect();
  t.match((await client.command('GET', 'one')).text, LATE);
  release();
  await fleet.waitNode(0, 'up');
  await until(async () => (await fleet.metrics()).sum('keyfan_tombstoned_replies_total') === 1, 'the late reply to be dropped');
  const pending = client.command('GET', 'two');
  await until(() => seen() === 2, 'the node to have it');
  release();
  t.equal((await pending).text, '+reply to two\r\n');
  await fleet.conserved();
});

t.test('a client that leaves before its reply: the reply is dropped, the next client gets its own', async (t) => {
  const { fleet, release, seen } = await startHeld(t);
  for (const leave of ['close', 'reset'] as const) {
    const before = seen();
    const leaving = await fleet.connect();
    leaving.send(encode(['GET', `of the one that left by ${leave}`]));
    await until(() => seen() === before + 1, 'the node to have it');
    const staying = await fleet.connect();
    const pending = staying.command('GET', `of the one that stayed`);
    if (leave === 'reset') leaving.reset();
    else leaving.socket.destroy();
    await until(async () => (await fleet.metrics()).sum('keyfan_connections') === 1, 'keyfan to see it leave');
    release();
    release();
    t.match((await pending).text, /^(\+reply to of the one that stayed|-ERR keyfan: node a did not answer in time)/);
    await fleet.waitNode(0, 'up');
    await staying.close();
  }
  await fleet.conserved();
});

t.test('a client that half-closes gets the replies it is owed', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ allowHalfOpen: true });
  client.send(Buffer.concat(Array.from({ length: 100 }, (_, i) => encode(['INCRBY', 'n', String(i)]))));
  client.end();
  const all = (await client.waitClosed()).toString();
  const sums = Array.from({ length: 100 }, (_, i) => (i * (i + 1)) / 2);
  t.equal(all, sums.map((sum) => `:${sum}\r\n`).join(''));
  await fleet.conserved();
});

t.test('half-close behind more requests than may be in flight: all are answered', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_in_flight: 10 } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ allowHalfOpen: true });
  client.send(Buffer.concat(Array.from({ length: 5000 }, () => encode(['INCR', 'n']))));
  client.end();
  const all = (await client.waitClosed(20_000)).toString();
  t.equal(all.split('\r\n').length - 1, 5000);
  t.ok(all.endsWith(':5000\r\n'));
  await fleet.conserved();
});

t.test('a part of a split request is late: said as partly executed or late, never a false reply', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '250ms' } } });
  t.teardown(() => fleet.stop());
  const keys = [fleet.keyOn(0), fleet.keyOn(1), fleet.keyOn(2)];
  const pairs = keys.flatMap((key) => [key, 'v']);
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await fleet.nodes[0]?.pause();
  const texts = (
    await client.pipeline([
      ['MSET', ...pairs],
      ['MGET', ...keys],
      ['DEL', ...keys],
    ])
  ).map((reply) => reply.text);
  t.match(texts, [/partly executed: 2 of 3 parts were done; node a: timeout, its part may have run/, LATE, /partly executed/]);
  fleet.nodes[0]?.resume();
  await fleet.waitNode(0, 'up');
  t.equal((await client.command('MSET', ...pairs)).text, '+OK\r\n');
  t.same((await client.command('MGET', ...keys)).value, ['v', 'v', 'v']);
  await fleet.conserved();
});

t.test("a stall that lasts: the connection is replaced, and what it still brings is nobody's", async (t) => {
  const fleet = await startFleet({
    nodes: 1,
    pool: { timeouts: { request: '100ms', node_idle: '100ms', connect: '200ms' }, reconnect: { min: '10ms', max: '20ms' } },
  });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await client.command('SET', 'k', 'old');
  await fleet.nodes[0]?.pause();
  t.match((await client.command('GETSET', 'k', 'new')).text, LATE);
  t.match((await client.command('GET', 'k')).text, DOWN, 'stalled: refused at once');
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_failed_total') >= 1, 'the connection to be given up');
  fleet.nodes[0]?.resume();
  await fleet.waitNode(0, 'up');
  t.equal((await client.command('GET', 'k')).value, 'new', 'it had been executed after all');
  t.ok((await fleet.metrics()).sum('keyfan_backend_reconnects_total') >= 1);
  await fleet.conserved();
});

t.test(
  'an idle connection is probed with PING; a probe that is not answered takes the node out of service before a request finds out',
  async (t) => {
    let answering = true;
    const node = await startScriptedNode(() => (answering ? '+PONG\r\n' : undefined));
    const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { node_idle: '30ms', request: '100ms' } } });
    t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
    await node.waitRequests(4);
    t.ok(node.requests.every((request) => request.args.join() === 'PING' && request.connection.id === 0));
    answering = false;
    await fleet.waitNode(0, 'not up');
    const client = await fleet.connect();
    t.match((await client.command('GET', 'k')).text, DOWN);
    answering = true;
  },
);

t.test('a connection that is dead in silence is given up where the node answers on a new one', async (t) => {
  let silent = -1;
  const node = await startScriptedNode(({ args, connection }) => {
    if (connection.id === silent) return undefined;
    return args[0] === 'PING' ? '+PONG\r\n' : '+OK\r\n';
  });
  const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { request: '100ms', node_idle: '60s' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  t.equal((await client.command('SET', 'k', '1')).text, '+OK\r\n');
  silent = node.connections.at(-1)?.id as number;
  t.match((await client.command('SET', 'k', '2')).text, LATE);
  await until(async () => (await client.command('SET', 'k', '3')).text === '+OK\r\n', 'a new connection to serve');
  await client.close();
  await fleet.conserved();
});

t.test('a node whose connections all fall silent, although it answers PING, is not connected to again and again', async (t) => {
  const node = await startScriptedNode(({ args }) => (args[0] === 'PING' ? '+PONG\r\n' : undefined));
  const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { request: '100ms', node_idle: '60s' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const reconnects = async () => (await fleet.metrics()).sum('keyfan_backend_reconnects_total');
  const client = await fleet.connect();
  t.match((await client.command('SET', 'k', '1')).text, LATE);
  await until(async () => (await reconnects()) === 1, 'a new connection to be tried');
  await fleet.waitNode(0, 'up');
  t.match((await client.command('SET', 'k', '2')).text, LATE);
  const tried = node.accepted;
  for (let i = 0; i < 100; i++) {
    t.match((await client.command('SET', 'k', '3')).text, DOWN);
    await sleep(10);
  }
  t.equal(await reconnects(), 1);
  t.equal(node.accepted, tried);
  await client.close();
});

t.test('a script that takes long: its client gets an error, others theirs or their own replies (row 3)', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { request: '100ms', node_idle: '60s' } } });
  t.teardown(() => fleet.stop());
  const clients = await Promise.all(Array.from({ length: 10 }, () => fleet.connect({ deadlineMs: 30_000 })));
  await Promise.all(clients.map((client, c) => client.command('SET', `own:${c}`, `value of ${c}`)));
  const busy = fleet.nodes[0]?.call(
    'EVAL',
    "local t = redis.call('TIME') local e = t[1] * 1000 + t[2] / 1000 + 400 repeat t = redis.call('TIME') until t[1] * 1000 + t[2] / 1000 > e return 1",
    '0',
  );
  let late = 0;
  let over = false;
  void busy?.then(() => {
    over = true;
  });
  const wrong: string[] = [];
  await Promise.all(
    clients.map(async (client, c) => {
      for (let left = 50; left > 0; left -= over ? 1 : 0) {
        const { text, value } = await client.command('GET', `own:${c}`);
        if (LATE.test(text)) late++;
        else if (value !== `value of ${c}` && !DOWN.test(text)) wrong.push(text);
        if (DOWN.test(text)) await fleet.waitNode(0, 'up');
      }
    }),
  );
  await busy;
  t.same(wrong, []);
  t.ok(late > 0);
  await fleet.conserved();
});

t.test('what stands behind a script that is not answered in time fails once, whole fan-outs too', async (t) => {
  const fleet = await startFleet({ pool: { timeouts: { request: '250ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  const [a, b] = [fleet.keyOn(0, 1), fleet.keyOn(1, 1)];
  const script = ['EVAL', 'return 1', '1', a];
  t.equal((await client.command(...script)).value, 1);
  await Promise.all([0, 1].map((node) => fleet.nodes[node]?.pause()));
  const replies = await client.pipeline([script, ['SET', a, '1'], ['MSET', b, '2', a, '2'], ['GET', a], ['ECHO', 'end']]);
  const failed = replies.filter(({ text }) => /^-ERR keyfan: .* executed\r\n$/.test(text));
  t.equal(failed.length, 4, replies.map(({ text }) => text).join(''));
  t.equal(replies[4]?.value, 'end');
  for (const node of [0, 1]) fleet.nodes[node]?.resume();
  await Promise.all([0, 1].map((node) => fleet.waitNode(node, 'up')));
  for (let i = 0; i < 20; i++) t.equal((await client.command('ECHO', `${i}`)).value, `${i}`);
  await fleet.conserved();
});
