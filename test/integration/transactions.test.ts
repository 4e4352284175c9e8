import t from 'tap';
import { commandCalls, startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { type Arg, connectResp, type RespClient } from '../support/resp-client.ts';

const [fleet, plain] = await Promise.all([startFleet(), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

const [a, b] = [fleet.keyOn(0), fleet.keyOn(1)];

/** The same requests to keyfan and to a plain Redis, one after the other: equal replies. */
async function alike(requests: readonly string[]): Promise<void> {
  const clients = await Promise.all([fleet.connect(), connectResp(plain.port)]);
  for (const request of requests) {
    const [ours, theirs] = await Promise.all(clients.map((client) => client.command(...request.split(' '))));
    t.equal(ours?.text, theirs?.text, request);
  }
  await Promise.all(clients.map((client) => client.close()));
}

t.test('as in Redis: queued, run, discarded, aborted', async () => {
  await alike(['MULTI', 'SET {x}1 1', 'INCR {x}1', 'GET {x}1', 'MGET {x}1 {x}2', 'DEL {x}1 {x}2', 'EXEC', 'GET {x}1']);
  await alike(['MULTI', 'SET k 1', 'LPUSH k x', 'GET k', 'EXEC', 'GET k']);
  await alike(['MULTI', 'SET k 2', 'DISCARD', 'GET k', 'EXEC', 'DISCARD']);
  await alike(['MULTI', 'SET k', 'SET k 3', 'EXEC', 'GET k']);
  await alike(['MULTI', 'NOSUCH k', 'SET k 3', 'EXEC', 'GET k']);
  await alike(['MULTI', 'MULTI', 'SET k 4', 'EXEC', 'GET k', 'WATCH k', 'MULTI', 'WATCH k', 'UNWATCH', 'EXEC']);
  await alike(['MULTI', 'EXEC', 'MULTI', 'PING', 'ECHO x', 'EXEC', 'MULTI', 'PING', 'SET k 5', 'PING', 'EXEC']);
  await alike(['EXEC x', 'MULTI x', 'MULTI', 'EXEC x', 'EXEC', 'WATCH', 'UNWATCH', 'UNWATCH x', 'DISCARD x']);
  await alike(['MULTI', 'EVAL return{KEYS[1],1} 1 k', 'SET k 6', 'EXEC', 'GET k']);
  await alike(['MULTI', 'BLPOP empty 0', 'EXEC', 'MULTI', 'RESET', 'EXEC']);
  await alike(['WATCH k', 'SET k 7', 'MULTI', 'SET k 8', 'EXEC', 'GET k', 'MULTI', 'SET k 9', 'EXEC']);
  await alike(['WATCH k', 'UNWATCH', 'SET k 7', 'MULTI', 'SET k 8', 'EXEC', 'WATCH k', 'SET k 1', 'DISCARD', 'MULTI', 'GET k', 'EXEC']);
});

t.test('a whole transaction in one write, between others', async (t) => {
  const client = await fleet.connect();
  const replies = await client.pipeline([
    ['SET', a, '0'],
    ['MULTI'],
    ['INCR', a],
    ['INCR', a],
    ['EXEC'],
    ['GET', a],
    ['SET', b, 'x'],
    ['MULTI'],
    ['GET', b],
    ['EXEC'],
  ]);
  t.equal(
    replies.map(({ text }) => text).join(''),
    '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n$1\r\n2\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n',
  );
  await client.close();
});

t.test('keys of several shards: CROSSSLOT where the key is named, and nothing runs', async (t) => {
  const client = await fleet.connect();
  await client.command('DEL', a, b);
  const replies = await client.pipeline([['MULTI'], ['SET', a, '1'], ['SET', b, '1'], ['MSET', a, '1', b, '2'], ['EXEC'], ['MGET', a, b]]);
  const crossed = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
  t.same(
    replies.map(({ text }) => text),
    [
      '+OK\r\n',
      '+QUEUED\r\n',
      crossed,
      crossed,
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
      '*2\r\n$-1\r\n$-1\r\n',
    ],
  );
  t.equal((await client.command('WATCH', a, b)).text, crossed);
  t.equal((await client.command('WATCH', a)).text, '+OK\r\n');
  t.equal((await client.command('WATCH', b)).text, crossed);
  t.match((await client.pipeline([['MULTI'], ['SET', b, '1'], ['EXEC']])).map(({ text }) => text)[1], crossed);
  await client.close();
});

t.test('a watched key that another client changes', async (t) => {
  const [one, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  t.equal((await one.command('WATCH', a)).text, '+OK\r\n');
  await one.command('GET', a);
  await one.command('GET', b);
  await other.command('SET', a, 'changed');
  const replies = await one.pipeline([['MULTI'], ['SET', a, 'mine'], ['EXEC'], ['GET', a]]);
  t.equal(replies[2]?.text, '*-1\r\n');
  t.equal(replies[3]?.value, 'changed');
  const three = await fleet.connect();
  await three.command('HELLO', '3');
  await three.command('WATCH', a);
  await other.command('SET', a, 'again');
  t.equal((await three.pipeline([['MULTI'], ['GET', a], ['EXEC']]))[2]?.text, '_\r\n');
  await Promise.all([one.close(), other.close(), three.close()]);
});

t.test('what a transaction cannot hold is refused when it is queued', async (t) => {
  const client = await fleet.connect();
  for (const request of ['SELECT 1', 'CLIENT ID', 'HELLO 3', 'AUTH x', 'SORT k BY w_*', 'CLUSTER SLOTS']) {
    await client.command('MULTI');
    t.match((await client.command(...request.split(' '))).text, /^-ERR keyfan: /, request);
    t.match((await client.command('EXEC')).text, /^-EXECABORT /, request);
  }
  await client.close();
});

t.test('transactions do not open connections: without WATCH on the shared one, with WATCH on few', async (t) => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => fleet.connect()));
  const run = async (client: RespClient, n: number): Promise<void> => {
    const key = `${a}:${n}`;
    const commands: Arg[][] = [['WATCH', key], ['MULTI'], ['INCR', key], ['EXEC']];
    for (let i = 0; i < 50; i++) {
      const replies = await client.pipeline(i % 2 === 0 ? commands : commands.slice(1));
      t.equal(replies.at(-1)?.text, `*1\r\n:${i + 1}\r\n`);
    }
  };
  const connections = async (): Promise<number[]> =>
    Promise.all(
      fleet.nodes.map(async (node) => {
        const direct = await connectResp(node.port);
        const received = /total_connections_received:(\d+)/.exec((await direct.command('INFO', 'stats')).text)?.[1];
        await direct.close();
        return Number(received);
      }),
    );
  const first = await connections();
  await Promise.all(clients.map(run));
  const opened = (await connections()).map((count, i) => count - (first[i] as number) - 1);
  t.ok(Math.max(...opened) <= 10, `${opened} connections for 500 transactions of 10 clients`);
  await Promise.all(clients.map((client) => client.close()));
});

t.test('a node that dies between WATCH and EXEC', async (t) => {
  const lossy = await startFleet({ nodes: 1 });
  const client = await lossy.connect();
  await client.command('WATCH', 'k');
  await client.command('MULTI');
  await client.command('SET', 'k', '1');
  await lossy.nodes[0]?.kill();
  t.match((await client.command('EXEC')).text, /^-ERR keyfan: .*was not executed/);
  await client.close();
  await lossy.stop();
});

t.test('a client that leaves while it watches leaves nothing behind', async (t) => {
  const client = await fleet.connect();
  await client.command('WATCH', a);
  await client.close();
  const other = await fleet.connect();
  t.equal((await other.pipeline([['WATCH', a], ['MULTI'], ['SET', a, '1'], ['EXEC']])).at(-1)?.text, '*1\r\n+OK\r\n');
  await other.close();
  await fleet.conserved();
});

t.test('a transaction is one piece at the node', async (t) => {
  const calls = async (): Promise<number> => (await commandCalls(fleet.nodes[0] as never)).exec ?? 0;
  const before = await calls();
  const client = await fleet.connect();
  await client.pipeline([['MULTI'], ['SET', a, '1'], ['EXEC'], ['MULTI'], ['SET', a], ['EXEC'], ['MULTI'], ['GET', a], ['DISCARD']]);
  t.equal((await calls()) - before, 1, 'an aborted or discarded one never gets there');
  await client.close();
});

t.test('while keys are watched the session stays on the connections where that is so', async (t) => {
  const [client, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  t.match((await client.command('EXEC')).text, /^-ERR EXEC without MULTI/);
  t.equal((await client.command('SELECT', '1')).text, '+OK\r\n', 'nothing is watched');
  t.equal((await client.command('SELECT', '0')).text, '+OK\r\n');
  await client.command('WATCH', a);
  t.match((await client.command('SELECT', '1')).text, /^-ERR keyfan: 'select' is not supported while keys are watched/);
  t.match((await client.command('HELLO', '3')).text, /^-ERR keyfan: another protocol is not supported while keys are watched/);
  t.equal((await client.command('SELECT', '0')).text, '+OK\r\n', 'where it is');
  t.match((await client.command('HELLO', '2')).text, /^\*14\r\n/);
  await other.command('SET', a, 'changed');
  t.equal((await client.pipeline([['MULTI'], ['SET', a, 'mine'], ['EXEC']])).at(-1)?.text, '*-1\r\n');
  t.equal((await client.command('SELECT', '1')).text, '+OK\r\n', 'EXEC ended it');
  await Promise.all([client.close(), other.close()]);
});
