import t, { type Test } from 'tap';
import { type Fleet, healthy, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { gate, type Script, type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';
import { until, within } from '../support/wait.ts';

const BAD = '-ERR keyfan: node a sent a malformed reply; the command may have been executed\r\n';
const LOST = '-ERR keyfan: connection to node a was lost; the command may have been executed\r\n';

async function start(t: Test, script: Script, raw = false): Promise<{ node: ScriptedNode; fleet: Fleet }> {
  const node = await startScriptedNode(raw ? script : healthy(script));
  const fleet = await startFleet({ addresses: [node.address], waitUp: !raw, pool: { reconnect: { min: '10ms', max: '30ms' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  return { node, fleet };
}

/** The backend is up again and serves. */
async function recovered(t: Test, { node, fleet }: { node: ScriptedNode; fleet: Fleet }): Promise<void> {
  node.setScript(healthy((request) => `+${request.args.join(' ')}\r\n`));
  await fleet.waitNode(0, 'up');
  const client = await fleet.connect();
  const replies = await client.pipeline(Array.from({ length: 10 }, (_, i) => ['GET', `k${i}`]));
  t.same(
    replies.map((reply) => reply.text),
    Array.from({ length: 10 }, (_, i) => `+GET k${i}\r\n`),
  );
  await client.close();
}

t.test('a node that refuses a script, and the fence behind it, has not broken the protocol', async (t) => {
  const lines: { level: string; fields: object; message: string }[] = [];
  const record = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log = { info: record('info'), warn: record('warn'), error: record('error'), debug() {} };
  let ready = true;
  const node = await startScriptedNode(({ args }) => {
    if (!ready && args.length > 1) return '-BUSY Redis is busy running a script.\r\n';
    return args[0] === 'PING' ? '+PONG\r\n' : ':1\r\n';
  });
  const fleet = await startFleet({ addresses: [node.address], log });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  t.same(lines.at(-1)?.fields, { pool: 'pool', node: 'a', address: node.address, detail: 'connected' }, 'its pool is named');
  ready = false;
  const client = await fleet.connect();
  t.match((await client.command('EVAL', 'return 1', '1', 'k')).text, /^-BUSY /);
  await client.close();
  await fleet.conserved();
  t.same(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
});

t.test('row 11: a reply though nothing is in flight closes the connection and is counted', async (t) => {
  const both = await start(t, () => '+OK\r\n');
  both.node.connections[0]?.write('+unasked\r\n');
  await within(new Promise((resolve) => both.node.connections[0]?.socket.once('close', resolve)), 'keyfan to close the connection');
  await recovered(t, both);
  await both.fleet.conserved({ desyncs: 1 });
});

t.test('half a reply though nothing is in flight: what follows it would be taken for its end', async (t) => {
  const both = await start(t, () => '+OK\r\n');
  both.node.connections[0]?.write('+unas');
  await within(new Promise((resolve) => both.node.connections[0]?.socket.once('close', resolve)), 'keyfan to close the connection');
  await recovered(t, both);
  await both.fleet.conserved({ desyncs: 1 });
});

t.test('a push while nothing is in flight does not offer a connection twice', async (t) => {
  const both = await start(t, ({ args }) => (args[0] === 'HELLO' ? '%1\r\n+proto\r\n:3\r\n' : '+OK\r\n'));
  const client = await both.fleet.connect();
  await client.command('HELLO', '3');
  const large = ['SET', 'k', 'v'.repeat(2 * 1024 * 1024)];
  t.equal((await client.command(...large)).text, '+OK\r\n');
  const beside = both.node.requests.find(({ args }) => args[2] === large[2])?.connection;
  beside?.write('>1\r\n+unasked\r\n');
  // Whatever comes behind it is read behind it.
  t.equal((await client.command(...large)).text, '+OK\r\n');
  t.equal(both.node.requests.at(-1)?.connection.id, beside?.id, 'the same connection');
  const closed = new Promise((resolve) => beside?.socket.once('close', resolve));
  beside?.end();
  await within(closed, 'it to be closed');
  for (let i = 0; i < 2; i++) t.equal((await client.command(...large)).text, '+OK\r\n', 'nobody is given the closed one');
  await client.close();
  await both.fleet.conserved();
});

t.test("two replies to one request: the second is nobody's", async (t) => {
  const both = await start(t, () => '+one\r\n+two\r\n');
  const client = await both.fleet.connect();
  t.equal((await client.command('GET', 'k')).text, '+one\r\n');
  await recovered(t, both);
  await both.fleet.conserved({ desyncs: 1 });
});

t.test('a reply that comes before its request was written answers nothing: it is not taken for the reply', async (t) => {
  const asked = gate();
  const both = await start(
    t,
    async (request) => {
      await asked.promise;
      return request.connection.id === 0 ? '+PONG\r\n+stale\r\n' : '+PONG\r\n';
    },
    true,
  );
  await both.node.waitRequests(1);
  const client = await both.fleet.connect();
  const pending = client.command('SET', 'k', 'v');
  await until(async () => (await both.fleet.metrics()).sum('keyfan_backend_in_flight') === 2, 'the request to wait behind the handshake');
  asked.open();
  t.equal((await pending).text, '-ERR keyfan: connection to node a failed before the command was sent; it was not executed\r\n');
  await recovered(t, both);
  await both.fleet.conserved({ desyncs: 1 });
});

for (const [name, bytes] of Object.entries({
  'an unknown type byte': '?what\r\n',
  'a length that is none': '$abc\r\n',
  'a length beyond 64 bits': '$99999999999999999999\r\n',
  'a negative array': '*-2\r\n',
  'a bulk that does not end': '$3\r\nabcdef\r\n',
  'row 15: a map count that overflows when doubled': '%4611686018427387904\r\n',
  'CR without LF': '+OK\rX',
  'nesting beyond limits': `${'*1\r\n'.repeat(10_000)}:1\r\n`,
})) {
  t.test(`${name}: what is in flight fails as unknown, the connection is replaced`, async (t) => {
    const both = await start(t, (request) => (request.args[1] === 'bad' ? bytes : '+fine\r\n'));
    const client = await both.fleet.connect();
    const replies = await client.pipeline([['GET', 'x'], ['GET', 'bad'], ['SET', 'y', '1'], ['PING']]);
    t.same(
      replies.map((reply) => reply.text),
      ['+fine\r\n', BAD, BAD, '+PONG\r\n'],
    );
    await recovered(t, both);
    await both.fleet.conserved({ desyncs: 1 });
  });
}

for (const half of ['$10\r\nhalf', '$1', '*2\r\n$1\r\na\r\n', '+O', '$3\r\nabc']) {
  t.test(`half a reply (${JSON.stringify(half)}), then the end or RST: the half is never delivered`, async (t) => {
    for (const how of ['end', 'reset'] as const) {
      const both = await start(t, ({ connection }) => {
        connection.socket.write(half, () => connection[how]());
      });
      const client = await both.fleet.connect();
      t.equal((await client.command('GET', 'k')).text, LOST, how);
      await recovered(t, both);
      await both.fleet.conserved();
      await client.close();
    }
  });
}

t.test('row 4: an error before the whole of a large request was sent answers that request', async (t) => {
  const node = await startScriptedNode(() => undefined, {
    onConnection: ({ socket }) => {
      let seen = 0;
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => {
        if (seen === 0) socket.write('+PONG\r\n');
        seen += chunk.length;
        // Behind the first bytes of the large request: its error, and then no more reading for a while.
        if (seen > 1000 && seen - chunk.length <= 1000) socket.write('-OOM early\r\n');
      });
    },
  });
  const fleet = await startFleet({ addresses: [node.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect({ deadlineMs: 20_000 });
  t.equal((await client.command('SET', 'k', Buffer.alloc(20_000_000, 'v'))).text, '-OOM early\r\n');
  await fleet.conserved();
});

const LUA_SHAPED = '*3\r\n:1\r\n*1\r\n:2\r\n*2\r\n$-1\r\n*0\r\n';
const DEEP = `${'*1\r\n'.repeat(100)}:1\r\n`;
t.test('rows 9, 19, 38: odd but right replies pass byte for byte', async (t) => {
  const odd = [
    '-foo\r\n',
    '-\r\n',
    '+\r\n',
    ':-0\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '*0\r\n',
    LUA_SHAPED,
    DEEP,
    `${'*2\r\n*0\r\n'.repeat(20)}$0\r\n\r\n`,
    '-LOADING Redis is loading the dataset in memory\r\n',
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    '-MISCONF Redis is configured to save RDB snapshots\r\n',
    '-MOVED 3999 127.0.0.1:6381\r\n',
    "-READONLY You can't write against a read only replica.\r\n",
    '-BUSY Redis is busy running a script.\r\n',
    '$13\r\n\r\n-ERR\r\n+OK\r\n\r\n',
    ':9223372036854775807\r\n',
  ];
  let at = 0;
  const { node, fleet } = await start(t, () => odd[at++ % odd.length]);
  const client = await fleet.connect();
  client.send(Buffer.concat(odd.map(() => encode(['GET', 'k']))));
  await client.read(odd.length);
  t.equal(client.received().toString(), odd.join(''));

  // The same, a byte at a time.
  const all = odd.join('');
  node.setScript(({ connection }) => {
    for (const byte of odd[at++ % odd.length] as string) connection.write(byte);
  });
  const other = await fleet.connect();
  other.send(Buffer.concat(odd.map(() => encode(['GET', 'k']))));
  await other.read(odd.length);
  t.equal(other.received().toString(), all);
  await fleet.conserved();
});

t.test('a node whose part of a split reply has the wrong shape: an error, not a wrong reply', async (t) => {
  const one = await startScriptedNode(healthy(() => ':1\r\n'));
  const two = await startScriptedNode(healthy(() => '*2\r\n$1\r\nx\r\n$1\r\ny\r\n'));
  const fleet = await startFleet({ addresses: [one.address, two.address] });
  t.teardown(() => Promise.all([fleet.stop(), one.stop(), two.stop()]));
  const client = await fleet.connect();
  const keys = [fleet.keyOn(0), fleet.keyOn(1)];
  for (const name of ['MGET', 'DEL', 'EXISTS']) {
    t.match(
      (await client.command(name, ...keys)).text,
      /^-ERR keyfan: node a, b sent a malformed reply; the command may have been executed\r\n$/,
      name,
    );
  }
  t.match((await client.command('MSET', keys[0] as string, '1', keys[1] as string, '2')).text, /^-ERR keyfan: /);
});
