import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const fleet = await startFleet({ pool: { timeouts: { request: '300ms' } } });
t.teardown(() => fleet.stop());

const [a, b] = [fleet.keyOn(0), fleet.keyOn(1)];

/** Clients that are blocked at a node. */
async function blockedAt(node: number): Promise<number> {
  const direct = await connectResp(fleet.nodes[node]?.port as number);
  const count = Number(/blocked_clients:(\d+)/.exec((await direct.command('INFO', 'clients')).text)?.[1]);
  await direct.close();
  return count;
}

t.test('BLPOP waits longer than the request timeout, and what follows waits behind it', async (t) => {
  const [waiting, pushing] = await Promise.all([fleet.connect(), fleet.connect()]);
  const replies = waiting.pipeline([
    ['SET', a, 'before'],
    ['BLPOP', `{${a}}list`, '0'],
    ['GET', a],
    ['GET', b],
  ]);
  await until(async () => (await blockedAt(0)) === 1, 'the client to be blocked');
  await pushing.command('SET', a, 'while it waited');
  // Beyond the request timeout: the clock of the node itself tells that enough time has gone by.
  const direct = await connectResp(fleet.nodes[0]?.port as number);
  await direct.command('DEBUG', 'SLEEP', '0.1');
  await direct.command('BLPOP', 'nobody', '0.6');
  await direct.close();
  t.equal(await blockedAt(0), 1, 'still there');
  await pushing.command('RPUSH', `{${a}}list`, 'x');
  t.equal(
    (await replies).map(({ text }) => text.replaceAll('\r\n', ' ')).join(''),
    `+OK *2 $${a.length + 6} {${a}}list $1 x $15 while it waited $-1 `,
  );
  await Promise.all([waiting.close(), pushing.close()]);
});

t.test('every blocking command, with and without something there', async (t) => {
  const client = await fleet.connect();
  const [k, d] = [`{${a}}1`, `{${a}}2`];
  const fill = async (): Promise<void> => {
    await client.pipeline([
      ['DEL', k, d],
      ['RPUSH', k, 'x', 'y'],
    ]);
  };
  for (const [request, wanted] of [
    [
      ['BLPOP', k, '0.01'],
      [k, 'x'],
    ],
    [
      ['BRPOP', k, d, '0.01'],
      [k, 'y'],
    ],
    [['BRPOPLPUSH', k, d, '0.01'], 'y'],
    [['BLMOVE', k, d, 'LEFT', 'RIGHT', '0.01'], 'x'],
    [
      ['BLMPOP', '0.01', '2', d, k, 'LEFT'],
      [k, ['x']],
    ],
  ] as const) {
    await fill();
    t.same((await client.command(...request)).value, wanted, request[0]);
    await client.command('DEL', k, d);
    t.match((await client.command(...request)).text, /^[*$]-1\r\n$/, `${request[0]} of nothing`);
  }
  await client.command('ZADD', k, '1', 'm', '2', 'n', '3', 'o');
  t.same((await client.command('BZPOPMIN', k, '0.01')).value, [k, 'm', '1']);
  t.same((await client.command('BZPOPMAX', k, '0.01')).value, [k, 'o', '3']);
  t.same((await client.command('BZMPOP', '0.01', '1', k, 'MIN')).value, [k, [['n', '2']]]);
  await client.command('XADD', d, '1-1', 'f', 'v');
  t.same((await client.command('XREAD', 'BLOCK', '10', 'STREAMS', d, '0')).value, [[d, [['1-1', ['f', 'v']]]]]);
  t.equal((await client.command('XREAD', 'BLOCK', '10', 'STREAMS', d, '$')).text, '*-1\r\n');
  await client.command('XGROUP', 'CREATE', d, 'g', '0');
  t.same((await client.command('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '10', 'STREAMS', d, '>')).value, [[d, [['1-1', ['f', 'v']]]]]);
  t.equal((await client.command('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '10', 'STREAMS', d, '>')).text, '*-1\r\n');
  t.match((await client.command('BLPOP', a, b, '0')).text, /^-CROSSSLOT /);
  t.match((await client.command('BLPOP', a, 'x')).text, /^-ERR timeout is not a float/);
  await client.close();
});

t.test('a client that leaves unblocks its connection at once', async (t) => {
  const client = await fleet.connect();
  client.send(`*3\r\n$5\r\nBLPOP\r\n$${a.length + 2}\r\n${a}:l\r\n$1\r\n0\r\n`);
  const [leaving] = await Promise.all([fleet.connect()]);
  leaving.send('BLPOP gone 0\r\nPING\r\nPING\r\n');
  await until(async () => (await blockedAt(0)) + (await blockedAt(1)) + (await blockedAt(2)) === 2, 'both to be blocked');
  await Promise.all([client.close(), leaving.close()]);
  await until(async () => (await blockedAt(0)) + (await blockedAt(1)) + (await blockedAt(2)) === 0, 'nobody to be blocked');
  t.pass('nobody is blocked');
});

t.test('what is pushed behind the end of a blocked client is not given to it', async (t) => {
  const pushing = await Promise.all([fleet.connect(), fleet.connect()]);
  // One that speaks RESP3 has connections to the nodes of its own kind.
  await pushing[1].command('HELLO', '3');
  const list = `{${a}}left`;
  let lost = 0;
  for (let i = 0; i < 100; i++) {
    const waiting = await fleet.connect();
    waiting.command('BLPOP', list, '0').catch(() => {});
    await until(async () => (await blockedAt(0)) === 1, 'the client to be blocked');
    waiting.end();
    const pusher = pushing[i % 2] as (typeof pushing)[0];
    await pusher.command('RPUSH', list, 'x');
    if ((await pusher.command('LPOP', list)).text !== '$1\r\nx\r\n') lost++;
    await waiting.waitClosed();
    await until(async () => (await blockedAt(0)) === 0, 'nobody to be blocked');
  }
  t.equal(lost, 0);
  await Promise.all(pushing.map((client) => client.close()));
});

t.test('many blocked clients hold up nobody', async (t) => {
  const waiting = await Promise.all(Array.from({ length: 100 }, () => fleet.connect()));
  const replies = waiting.map((client, i) => client.command('BLPOP', `{${a}}list${i}`, '0'));
  await until(async () => (await blockedAt(0)) === 100, 'all to be blocked');
  const other = await fleet.connect();
  t.equal((await other.command('SET', a, '1')).text, '+OK\r\n');
  await other.pipeline(waiting.map((_, i) => ['RPUSH', `{${a}}list${i}`, `for ${i}`]));
  t.same(
    (await Promise.all(replies)).map(({ value }) => (value as string[])[1]),
    waiting.map((_, i) => `for ${i}`),
  );
  await Promise.all([...waiting, other].map((client) => client.close()));
});

t.test('the node dies while a client is blocked there', async (t) => {
  const lossy = await startFleet({ nodes: 1 });
  const client = await lossy.connect();
  const reply = client.command('BLPOP', 'k', '0');
  const direct = await connectResp(lossy.nodes[0]?.port as number);
  await until(async () => /blocked_clients:1/.test((await direct.command('INFO', 'clients')).text), 'the client to be blocked');
  await direct.close();
  await lossy.nodes[0]?.kill();
  t.match((await reply).text, /^-ERR keyfan: connection to node a was lost; the command may have been executed/);
  await client.close();
  await lossy.stop();
});
