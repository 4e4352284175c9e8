/** CLIENT LIST, KILL and UNBLOCK know the clients of all workers. */
import t, { type Test } from 'tap';
import { startWorkers, type Workers } from '../support/cli.ts';
import type { RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';
import { clientAt, idOf, openClient } from '../support/workers.ts';

interface Two {
  readonly keyfan: Workers;
  /** Clients of one worker … */
  readonly mine: readonly [RespClient, RespClient];
  /** … and of the other. */
  readonly theirs: readonly [RespClient, RespClient];
  /** The other's process. */
  readonly pid: number;
}

const addressOf = async (client: RespClient): Promise<string> =>
  / addr=(\S+)/.exec(String((await client.command('CLIENT', 'INFO')).value))?.[1] as string;
const idsOf = async (client: RespClient, ...words: (string | number)[]): Promise<number[]> => {
  const text = String((await client.command('CLIENT', 'LIST', ...words)).value);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(/^id=(\d+) /.exec(line)?.[1]));
};

async function setUp(t: Test): Promise<Two> {
  const keyfan = await startWorkers(t);
  const at = async (worker: number) => [await clientAt(t, keyfan, worker), await clientAt(t, keyfan, worker)] as const;
  return { keyfan, mine: await at(1), theirs: await at(2), pid: keyfan.pids().get(2) as number };
}

t.test('LIST shows the clients of all workers, sorted by id', async (t) => {
  const { mine, theirs } = await setUp(t);
  const ids = (await Promise.all([...mine, ...theirs].map(idOf))).sort((a, b) => a - b);
  for (const client of [...mine, ...theirs]) t.same(await idsOf(client), ids);
  await theirs[0].command('CLIENT', 'SETNAME', 'far');
  theirs[1].send('SUBSCRIBE x\r\n');
  await theirs[1].read(1);
  const far = await idOf(theirs[0]);
  t.match((await mine[0].command('CLIENT', 'LIST', 'ID', far)).text, new RegExp(`\r\nid=${far} addr=127.0.0.1:\\d+ .* name=far `));
  t.same(
    await idsOf(mine[0], 'ID', await idOf(mine[1]), far, 99),
    [await idOf(mine[1]), far].sort((a, b) => a - b),
  );
  t.equal((await idsOf(mine[0], 'TYPE', 'pubsub')).length, 1);
  t.equal((await idsOf(mine[0], 'TYPE', 'normal')).length, 3);
  t.same(await idsOf(mine[0], 'TYPE', 'master'), []);
  await mine[0].command('HELLO', '3');
  t.match((await mine[0].command('CLIENT', 'LIST')).text, /^=\d+\r\ntxt:id=/);
});

t.test('what goes from worker to worker is bounded', async (t) => {
  const { mine } = await setUp(t);
  const ids = Array.from({ length: 65_537 }, (_, i) => i + 1);
  t.equal(
    (await mine[0].command('CLIENT', 'LIST', 'ID', ...ids)).text,
    '-ERR keyfan: with several workers at most 65536 ids can be named at once\r\n',
  );
});

t.test('KILL ends clients of all workers', async (t) => {
  const { keyfan, mine, theirs } = await setUp(t);
  const [far, address] = [await idOf(theirs[0]), await addressOf(theirs[1])];
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ID', 99)).text, ':0\r\n');
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ID', far, 'ADDR', address)).text, ':0\r\n', 'all filters have to fit');
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ID', far)).text, ':1\r\n');
  await theirs[0].closed;
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ID', far)).text, ':0\r\n');
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ADDR', address)).text, ':1\r\n');
  await theirs[1].closed;
  t.equal((await keyfan.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'killed' }), 2);

  const later = await clientAt(t, keyfan, 2);
  t.equal((await mine[0].command('CLIENT', 'KILL', await addressOf(later))).text, '+OK\r\n');
  await later.closed;
  t.equal((await mine[0].command('CLIENT', 'KILL', '127.0.0.1:1')).text, '-ERR No such client\r\n');
});

t.test('KILL … SKIPME is about the client that asks', async (t) => {
  const { keyfan, mine, theirs } = await setUp(t);
  const listen = keyfan.pools.p as string;
  t.equal((await mine[0].command('CLIENT', 'KILL', 'ID', await idOf(mine[0]))).text, ':0\r\n', 'not itself');
  t.equal((await mine[0].command('CLIENT', 'KILL', 'LADDR', listen, 'USER', 'default', 'TYPE', 'normal')).text, ':3\r\n');
  await Promise.all([mine[1], ...theirs].map((client) => client.closed));
  t.equal((await mine[0].command('PING')).text, '+PONG\r\n');
  const more = [await openClient(t, keyfan), await openClient(t, keyfan)];
  await Promise.all(more.map(idOf));
  t.equal((await mine[0].command('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'no')).text, ':0\r\n');
  t.equal((await mine[0].command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')).text, ':3\r\n', 'and itself, behind the answer');
  await Promise.all([mine[0], ...more].map((client) => client.closed));
});

t.test('UNBLOCK ends the wait of a client of another worker', async (t) => {
  const { mine, theirs } = await setUp(t);
  const id = await idOf(theirs[0]);
  for (const [reason, wanted] of [
    ['TIMEOUT', '*-1\r\n'],
    ['ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
  ] as const) {
    const reply = theirs[0].command('BLPOP', 'none', '0');
    await until(async () => (await mine[0].command('CLIENT', 'UNBLOCK', id, reason)).text === ':1\r\n', 'it to be unblocked');
    t.equal((await reply).text, wanted);
  }
  t.equal((await mine[0].command('CLIENT', 'UNBLOCK', id)).text, ':0\r\n', 'not blocked any more');
  t.equal((await mine[0].command('CLIENT', 'UNBLOCK', 99)).text, ':0\r\n');
});

t.test('what is pipelined around them keeps its order, and happens in it', async (t) => {
  const { mine, theirs } = await setUp(t);
  const far = await idOf(theirs[0]);
  const replies = await mine[0].pipeline([
    ['SET', 'k', '1'],
    ['CLIENT', 'LIST', 'ID', far],
    ['INCR', 'k'],
    ['CLIENT', 'KILL', 'ID', far],
    ['CLIENT', 'LIST', 'ID', far],
    ['CLIENT', 'KILL', 'ID', far],
    ['MGET', 'k', 'none'],
  ]);
  t.same(
    replies.map(({ text }) => text.replace(/^\$\d+\r\nid=.*\n\r\n$/s, 'a line')),
    ['+OK\r\n', 'a line', ':2\r\n', ':1\r\n', '$0\r\n\r\n', ':0\r\n', '*2\r\n$1\r\n2\r\n$-1\r\n'],
  );
  mine[0].send('CLIENT REPLY SKIP\r\nCLIENT LIST\r\nPING\r\n');
  t.equal((await mine[0].read(1))[0]?.text, '+PONG\r\n', 'an answer that is not wanted stays out');
  const lists = await mine[0].pipeline(Array.from({ length: 100 }, () => ['CLIENT', 'LIST']));
  t.same(new Set(lists.map(({ text }) => text.match(/\nid=/g)?.length)), new Set([3]), 'one after another');
  const many = await Promise.all(
    [...mine, theirs[1]].flatMap((client) => Array.from({ length: 50 }, () => client.command('CLIENT', 'LIST'))),
  );
  t.same(new Set(many.map(({ text }) => text.match(/\nid=/g)?.length)), new Set([3]), 'from all sides');
});

t.test('a worker that hangs makes them an error, never a smaller answer', async (t) => {
  const { keyfan, mine, theirs, pid } = await setUp(t);
  const [near, far] = [await idOf(mine[1]), await idOf(theirs[0])];
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has ended.
    }
  });
  const silent = /^-ERR keyfan: worker \d did not answer in time; the command may have been executed\r\n$/;
  t.match((await mine[0].command('CLIENT', 'LIST')).text, silent);
  t.match((await mine[0].command('CLIENT', 'LIST', 'ID', near, far)).text, silent);
  t.match((await mine[0].command('CLIENT', 'KILL', 'ID', far)).text, silent);
  t.match((await mine[0].command('CLIENT', 'UNBLOCK', far)).text, silent);
  t.same(await idsOf(mine[0], 'ID', near), [near], 'who is here is known');
  t.match(
    (await mine[0].command('CLIENT', 'KILL', 'TYPE', 'normal')).text,
    /^-ERR keyfan: the command was partly executed: 1 clients were disconnected; worker \d did not answer in time\r\n$/,
  );
  await mine[1].closed;
  process.kill(pid, 'SIGCONT');
  await until(async () => (await idsOf(mine[0])).length === 3, 'it to answer again, and not to do what it read too late');
  process.kill(pid, 'SIGSTOP');
  const list = mine[0].command('CLIENT', 'LIST');
  process.kill(pid, 'SIGKILL');
  t.match((await list).text, /^\$\d+\r\nid=\d+ [^\n]*\n\r\n$/, 'who has just ended has no clients');
  t.ok((await keyfan.metrics()).sum('keyfan_errors_total', { code: 'worker_silent' }) >= 4);
});

t.test('in one process it is as it was', async (t) => {
  const keyfan = await startWorkers(t, { workers: 1 });
  const [one, two] = [await openClient(t, keyfan), await openClient(t, keyfan)];
  t.same(await idsOf(one), [await idOf(one), await idOf(two)]);
  t.equal((await one.command('CLIENT', 'KILL', 'ID', await idOf(two))).text, ':1\r\n');
  await two.closed;
});
