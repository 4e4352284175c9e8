import fc from 'fast-check';
import t from 'tap';
import { createProxy } from '../../src/index.ts';
import { multibulk, oddCommands } from '../fuzz/arbitraries.ts';
import { answersAsRedis, SENTINEL, verdictOf } from '../fuzz/exchange.ts';
import { holds } from '../fuzz/property.ts';
import { readRequests } from '../fuzz/reference.ts';
import { startRedis, startRedisNodes } from '../support/redis.ts';
import { replyEnd } from '../support/resp.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

/** The same cases in every run, unless KEYFAN_SEED asks for others. */
const SEED = Number(process.env.KEYFAN_SEED ?? 70_015);
const PASSWORD = 'secret';
const AUTH = multibulk(['AUTH', PASSWORD]);

const [open, closed, only, three] = await Promise.all([
  startRedis(),
  startRedis({ args: ['--requirepass', PASSWORD], password: PASSWORD }),
  startRedis(),
  startRedisNodes(3),
]);
const servers = [open, closed, only, ...three];

const pool = (nodes: readonly { readonly address: string }[], password?: string) => ({
  listen: '127.0.0.1:0',
  strategy: 'ring',
  nodes: nodes.map(({ address }, i) => ({ name: `node-${i}`, address })),
  ...(password === undefined ? {} : { client_password: password }),
});
const proxy = createProxy({
  pools: { one: pool([only]), three: pool(three), one_closed: pool([only], PASSWORD), three_closed: pool(three, PASSWORD) },
});
await proxy.start();
const portOf = (name: string): number => (proxy.address(name) as { port: number }).port;

t.teardown(async () => {
  await proxy.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

/** A client that must authenticate, before and after it has; one that need not. */
const MODES = {
  open: { prefix: '', redis: open.port, keyfan: { 'one node': portOf('one'), 'three nodes': portOf('three') } },
  'before AUTH': { prefix: '', redis: closed.port, keyfan: { 'one node': portOf('one_closed'), 'three nodes': portOf('three_closed') } },
  'after AUTH': { prefix: AUTH, redis: closed.port, keyfan: { 'one node': portOf('one_closed'), 'three nodes': portOf('three_closed') } },
} as const;

async function forget(): Promise<void> {
  await Promise.all(servers.map((server) => server.call('FLUSHALL')));
}

for (const name of ['one', 'three', 'one_closed', 'three_closed']) {
  await until(async () => {
    const client = await connectResp(portOf(name));
    try {
      if (name.endsWith('closed')) await client.command('AUTH', PASSWORD);
      const keys = Array.from({ length: 64 }, (_, i) => `key:${i}`);
      return Array.isArray((await client.command('MGET', ...keys)).value);
    } finally {
      await client.close();
    }
  }, `the nodes of ${name} to be up`);
}

const GET = multibulk(['GET', 'k']);
const SET = multibulk(['SET', 'k', 'v']);
const times = (count: number, text: string): string => text.repeat(count);

/** What Redis really does with odd bytes, and inputs that broke others. */
const ROWS: readonly string[] = [
  '*0\r\n',
  '*-5\r\n',
  '*-9223372036854775808\r\n',
  '\r\n',
  '\n',
  ' \t\v \r\n',
  `*0\r\n\r\n*-1\r\n${SET}\r\n*0\r\n${GET}`,
  ...[
    '+1',
    ' 1',
    '1 ',
    '01',
    '00',
    '-0',
    '',
    '-',
    'a',
    '1a',
    '0x1',
    '2147483647',
    '2147483648',
    '4294967297',
    '9223372036854775808',
    '18446744073709551617',
    '123456789012345678901',
  ].flatMap((number) => [`*${number}\r\n`, `*${number}\r\n$4\r\nPING\r\n`, `*1\r\n$${number}\r\n`, `*1\r\n$${number}\r\nP\r\n`]),
  '*1\r\n$-1\r\n',
  '*1\r\n$-5\r\nPING\r\n',
  '*1\r\n$536870912\r\n',
  '*1\r\n$536870913\r\n',
  '*10\r\n',
  '*11\r\n',
  '*1\r\n$16384\r\n',
  '*1\r\n$16385\r\n',
  '*10000000\r\n',
  '*2000000000\r\n',
  '*1048576\r\n$4\r\nPING\r\n',
  '*3\r\n$4\r\nECHO\r\nfoo\r\n',
  '*1\r\nfoo\r\n',
  '*1\r\n\r\n',
  '*1\r\n\xff\r\n',
  "*1\r\n'\r\n",
  `${SET}*1\r\nfoo\r\n`,
  times(11_860, '*1\r\n'),
  '*1\r\n%4611686018427387904\r\n',
  '%4611686018427387904\r\n',
  '$4294967296\r\n',
  '$4\r\nPING\r\n',
  '+OK\r\n',
  'PING\r\n',
  'ping\n',
  'PING\r\r\n',
  '  PING  \r\n',
  'PING hello\r\n',
  `PING\r\n${SET}GET k\r\n${GET}\n\r\nECHO x\r\n`,
  'SET k "a b"\r\nGET k\r\n',
  'SET k "a\r\n',
  "SET k 'a\r\n",
  'SET "k"v x\r\n',
  'PING\r\nSET k "a\r\nPING\r\n',
  'GET "x\\x4"\r\n',
  'PING "ax\\xff"\r\n',
  'ECHO "\\n\\r\\t\\b\\a\\"\\\\\\q\\x00\\xfF\\xg"\r\n',
  "ECHO 'a\\nb\\'c\"'\r\n",
  'ECHO foo"bar"\r\n',
  'ECHO ""\r\n',
  '""\r\n',
  "'' x\r\n",
  'ECHO a\x01\x80\xff\r\n',
  'PING\0\r\n',
  'PI\0NG\r\nPING\r\n',
  '*1\0\r\n$4\r\nPING\r\n',
  '*1\r\n$4\0\r\nPING\r\n',
  '\0\r\n',
  '*1\rX$4\rYPINGZZ',
  `*0\rX${GET}`,
  multibulk(['SET', 'k', 'v'], 'XX') + GET,
  multibulk(['GET', 'k'], '\n\r'),
  '*2\r\n$3\r\nGET\r\n$1\r\nk',
  '*2\r\n$3\r\nGET\r\n$1\r\nk\r',
  '*2\r\n$3\r\nGET\r\n$1',
  '*2\r\n$3\r\nGE',
  '*2',
  '*',
  'PIN',
  'POST / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'post\r\n',
  'Host: localhost\r\n',
  'HOST:\r\n',
  multibulk(['PoSt']),
  multibulk(['hOsT:', 'x', 'y']),
  multibulk(['POST\0x']),
  multibulk(['POSTX']),
  multibulk(['HOST']),
  `PING\r\nPOST\r\nPING\r\n`,
  `${SET}POST\r\n`,
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  multibulk(['']),
  multibulk(['', 'x']),
  multibulk(['GET']),
  multibulk(['GET', '']),
  multibulk(['GET', 'a', 'b']),
  multibulk(['MSET', 'a', 'a', 'a']),
  multibulk(['MSET', 'a']),
  multibulk(['MSET']),
  multibulk(['MGET']),
  multibulk(['DEL']),
  multibulk(['constructor']),
  multibulk(['__proto__', 'x']),
  multibulk(['toString']),
  multibulk(['FOO', 'a\r\nb', '\0c', 'd'.repeat(200)]),
  multibulk(['F\r\nOO\r\n']),
  multibulk(['F\0OO', 'a']),
  multibulk(['X'.repeat(300)]),
  multibulk(['OBJECT', 'nothing', 'k']),
  multibulk(['OBJECT']),
  multibulk(['SET', 'k\0\r\n', '\0\r\n\xff']) + multibulk(['GET', 'k\0\r\n']),
  multibulk(['AUTH', 'a', 'b', 'c', 'd']),
  multibulk(['QUIT']) + multibulk(['PING']),
  times(200, 'PING\r\n*0\r\n'),
  times(200, GET),
  multibulk(['ECHO', 'x'.repeat(16_384)]),
  multibulk(['ECHO', 'x'.repeat(16_385)]),
  multibulk(Array.from({ length: 10 }, () => 'PING')),
  multibulk(Array.from({ length: 11 }, () => 'PING')),
  multibulk(['MGET', ...Array.from({ length: 300 }, (_, i) => `key:${i % 40}`)]),
];

/** Redis drops a client that has not authenticated and is owed more than some KiB. */
const ROWS_AUTHENTICATED: readonly string[] = [times(3000, GET), `${times(3000, 'PING\r\n') + SET + times(3000, GET)}*1\r\n!\r\n`];

/** Above 64 KiB Redis may close with bytes unread, and its kernel then sends RST: only what the client hears is compared. */
const LONG_LINES: readonly string[] = ['*', '*1\r\n$', '*1\r\n', 'ECHO ', '\0', 'PING\0\n', '*1\0\r\n', '*1\r\n$4\0\r\n'].flatMap(
  (before) => [before + 'x'.repeat(200_000), `${before}${'x'.repeat(200_000)}\r\n`],
);

/** Everything the server says to a client that goes on sending until it hears an end. */
async function heard(port: number, bytes: string): Promise<string> {
  const client = await connectResp(port);
  client.send(bytes);
  await until(() => client.ended || client.error !== undefined, 'the server to close');
  await client.close();
  return client.received().toString('latin1');
}

for (const [mode, { prefix, redis, keyfan }] of Object.entries(MODES)) {
  t.test(`${mode}: odd bytes get the same bytes back, and the same close`, async (t) => {
    await forget();
    for (const row of [...ROWS, ...(mode === 'before AUTH' ? [] : ROWS_AUTHENTICATED)]) {
      const expected = await verdictOf(redis, prefix + row);
      const name = `${JSON.stringify(row.slice(0, 50))} → ${JSON.stringify(expected.replies.slice(0, 50))}`;
      for (const [nodes, port] of Object.entries(keyfan)) t.same(await verdictOf(port, prefix + row), expected, `${nodes}: ${name}`);
    }
  });

  t.test(`${mode}: lines above 64 KiB`, async (t) => {
    for (const row of LONG_LINES) {
      const expected = await heard(redis, prefix + row);
      t.match(expected, /-ERR Protocol error: too big (mbulk count string|bulk count string|inline request)\r\n$/);
      for (const [nodes, port] of Object.entries(keyfan))
        t.equal(await heard(port, prefix + row), expected, `${nodes}: ${JSON.stringify(row.slice(0, 20))}`);
    }
  });

  t.test(`${mode}: an input cut anywhere`, async (t) => {
    await forget();
    for (const row of [
      `${SET}GET "\\x6b"\r\n*0\r\n\r\n${GET}`,
      "ECHO 'a\\'b'\r\nPING \"ax\\xff\"\r\n",
      '*2\r\n$4\r\nECHO\r\n$x\r\n',
      'GET "x\\x4"y\r\n',
    ]) {
      const expected = await verdictOf(redis, prefix + row);
      const wrong: number[] = [];
      for (let at = 1; at < row.length; at++) {
        for (const port of Object.values(keyfan)) {
          const verdict = await verdictOf(port, prefix + row, [prefix.length + at]);
          if (JSON.stringify(verdict) !== JSON.stringify(expected)) wrong.push(at);
        }
      }
      t.same(wrong, [], JSON.stringify(row));
    }
  });
}

for (const [mode, { prefix, redis, keyfan }] of Object.entries(MODES)) {
  t.test(`${mode}: mutated requests`, async (t) => {
    await forget();
    await holds(t, 'the same bytes, the same close', answersAsRedis({ redis, keyfan: Object.values(keyfan), prefix, forget }), {
      runs: 150,
      seed: SEED,
    });
  });
}

t.test('the reference that the unit tests rely on reads as Redis does', async (t) => {
  await holds(
    t,
    'number of replies and the error',
    fc.asyncProperty(oddCommands, async (bytes) => {
      const { commands, error } = readRequests(bytes);
      const { replies } = await verdictOf(open.port, bytes);
      const errors = /-ERR Protocol error: ([^\r]*)\r\n$/.exec(replies)?.[1] ?? null;
      if (errors !== (error?.replaceAll(/[\r\n]/g, ' ') ?? null)) throw new Error(`${error}, Redis: ${errors}`);
      const answered = countReplies(replies) - (error === null ? 0 : 1);
      if (answered !== commands.length) throw new Error(`${commands.length} requests, ${answered} replies`);
    }),
    { runs: 150, seed: SEED },
  );
});

function countReplies(replies: string): number {
  let count = 0;
  let rest = Buffer.from(replies, 'latin1');
  while (rest.length > 0) {
    rest = rest.subarray(replyEnd(rest));
    count++;
  }
  return count;
}

t.test('a protocol error reaches the client while it still sends', async (t) => {
  const error = "-ERR Protocol error: expected '$', got 'f'\r\n";
  for (const [nodes, port] of Object.entries(MODES.open.keyfan)) {
    const client = await connectResp(port, { allowHalfOpen: true });
    // Far more than keyfan has read when it finds the error; then on and on until the end is heard. None of it is a request.
    const more = Buffer.alloc(8 * 1024 * 1024, GET);
    client.send(Buffer.concat([Buffer.from(`${SET}*1\r\nfoo\r\n`), more]));
    await until(() => {
      if (client.socket.writableLength < 1024 * 1024) client.send(more);
      return client.ended || client.error !== undefined;
    }, 'keyfan to end its half');
    t.equal(client.error, undefined, `${nodes}: no RST`);
    t.equal(client.received().toString('latin1'), `+OK\r\n${error}`, nodes);
    client.end();
    await client.waitClosed();
    t.equal(client.error, undefined, 'and none behind it');
  }
});

t.test('a client that does not close after a protocol error is disconnected', async (t) => {
  const client = await connectResp(portOf('one'), { allowHalfOpen: true });
  client.send('*x\r\n');
  await until(() => client.ended, 'keyfan to end its half');
  t.equal(client.received().toString('latin1'), '-ERR Protocol error: invalid multibulk length\r\n');
  await until(() => {
    if (client.error === undefined) client.send(SENTINEL);
    return client.error !== undefined;
  }, 'a write to fail');
  await client.waitClosed();
  t.equal(client.received().toString('latin1'), '-ERR Protocol error: invalid multibulk length\r\n', 'nothing more was answered');
});

t.test('a protocol error is answered as soon as it is certain, not when the rest has come', async (t) => {
  for (const [bytes, error] of [
    ['*1000\r\n$4\r\nPI|NG\r\nfoo\r\n', "expected '$', got 'f'"],
    ['*3\r\n|$x\r\n', 'invalid bulk length'],
    ['*2000000000\r\n$4\r\nPING\r|\n$-1\r\n', 'invalid bulk length'],
  ] as const) {
    for (const port of [open.port, ...Object.values(MODES.open.keyfan)]) {
      const client = await connectResp(port);
      const [first, second] = bytes.split('|') as [string, string];
      // One write, one read: once PING is answered the first part has been looked at.
      client.send(`PING\r\n${first}`);
      await client.read(1);
      client.send(second);
      t.equal((await client.waitClosed()).toString('latin1'), `+PONG\r\n-ERR Protocol error: ${error}\r\n`, JSON.stringify(bytes));
    }
  }
});
