import t from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { gate, type Script, type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';
import { until } from '../support/wait.ts';

const NOT_EXECUTED = /^-ERR keyfan: .*not executed\r\n$/;
const pool = { reconnect: { min: '10ms', max: '30ms' } } as const;

/** What log lines say, to look for secrets. */
function startLog(): { lines: string[]; log: Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void> } {
  const lines: string[] = [];
  const write = (fields: object, text: string): void => void lines.push(`${text} ${JSON.stringify(fields)}`);
  return { lines, log: { debug: write, info: write, warn: write, error: write } };
}

t.test('credentials: AUTH with password, with user and password, and wrong ones', async (t) => {
  const secured = await startRedis({ args: ['--requirepass', 'node-secret'], password: 'node-secret' });
  t.teardown(() => secured.stop());
  await secured.call('ACL', 'SETUSER', 'app', 'on', '>app-secret', '~*', '+@all');
  for (const credentials of [{ password: 'node-secret' }, { username: 'app', password: 'app-secret' }]) {
    const fleet = await startFleet({ addresses: [secured.address], pool: { ...pool, ...credentials } });
    const client = await fleet.connect();
    t.equal((await client.command('SET', 'k', 'v')).text, '+OK\r\n');
    t.match(
      (await client.command('AUTH', 'node-secret')).text,
      /^-ERR AUTH <password> called without any password/,
      'the client talks to keyfan',
    );
    await fleet.conserved();
    await fleet.stop();
  }
  for (const credentials of [{}, { password: 'guess-guess' }, { username: 'nobody', password: 'guess-guess' }]) {
    const { lines, log } = startLog();
    const fleet = await startFleet({ addresses: [secured.address], pool: { ...pool, ...credentials }, log, waitUp: false });
    const client = await fleet.connect();
    await until(async () => /is down; the command was not executed/.test((await client.command('GET', 'k')).text), 'node_down');
    const shown = lines.join('\n');
    t.match(shown, /handshake refused: (AUTH: WRONGPASS|PING: NOAUTH)/, 'the log says why');
    t.notMatch(shown, /guess-guess|node-secret/);
    t.notMatch(client.received().toString(), /guess-guess|node-secret/);
    await client.close();
    await fleet.stop();
  }
});

t.test('a node without AUTH quotes the credentials: the log does not', async (t) => {
  const node = await startRedis({ args: ['--rename-command', 'AUTH', 'HIDDEN'] });
  const { lines, log } = startLog();
  const credentials = { username: 'joe', password: 's3cretNode' };
  const fleet = await startFleet({ addresses: [node.address], pool: { ...pool, ...credentials }, log, waitUp: false });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  await until(async () => lines.some((line) => line.startsWith('node is down ')), 'the node to be down');
  t.match(lines.join('\n'), /"handshake refused: AUTH: ERR unknown command"/);
  t.notMatch(lines.join('\n'), /joe|s3cretNode/);
});

async function startWith(script: Script, more: object = {}): Promise<{ node: ScriptedNode; fleet: Fleet }> {
  const node = await startScriptedNode(script);
  const fleet = await startFleet({ addresses: [node.address], waitUp: false, pool: { ...pool, ...more } });
  return { node, fleet };
}

t.test('row 2: a handshake that is never answered closes the connection; no reply of it is ever data', async (t) => {
  const { node, fleet } = await startWith(
    (request) => (request.connection.id === 0 ? undefined : request.args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n'),
    {
      timeouts: { connect: '200ms' },
    },
  );
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  t.match((await client.command('GET', 'k')).text, NOT_EXECUTED);
  await until(async () => (await client.command('GET', 'k')).text === '+data\r\n', 'the second connection to serve');
  t.ok(node.accepted >= 2);
  await fleet.conserved();
});

t.test('a slow handshake within the connect timeout succeeds, though requests time out sooner', async (t) => {
  const late = gate();
  const { node, fleet } = await startWith(
    async (request) => {
      if (request.args[0] === 'PING') await late.promise;
      return request.args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n';
    },
    { timeouts: { connect: '30s', request: '100ms' } },
  );
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  t.match((await client.command('GET', 'k')).text, /^-ERR keyfan: node a did not answer in time/);
  late.open();
  await fleet.waitNode(0, 'up');
  t.equal((await client.command('GET', 'other')).text, '+data\r\n');
  t.equal(node.accepted, 1);
  await fleet.conserved();
});

t.test('rows 7, 8: AUTH comes first, PING behind it, nothing before both are answered', async (t) => {
  const [auth, ping] = [gate(), gate()];
  const { node, fleet } = await startWith(
    async (request) => {
      if (request.args[0] === 'AUTH') await auth.promise;
      if (request.args[0] === 'PING') await ping.promise;
      return request.args[0] === 'AUTH' ? '+OK\r\n' : request.args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n';
    },
    { username: 'u', password: 'p' },
  );
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  await node.waitRequests(1);
  const client = await fleet.connect();
  const pending = client.command('GET', 'k');
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 3, 'the request to wait behind the handshake');
  auth.open();
  await node.waitRequests(2);
  t.same(
    node.requests.map((request) => request.args),
    [['AUTH', 'u', 'p'], ['PING']],
  );
  ping.open();
  t.equal((await pending).text, '+data\r\n');
  await fleet.conserved();
});

for (const [name, answer] of Object.entries({
  'an error': '-ERR max number of clients reached\r\n',
  'something else': '$5\r\nhello\r\n',
  garbage: 'HTTP/1.1 400 Bad Request\r\n\r\n',
})) {
  t.test(`a handshake answered with ${name}: the node is down, and tried again`, async (t) => {
    const { node, fleet } = await startWith((request) =>
      request.connection.id < 2 ? answer : request.args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n',
    );
    t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
    const client = await fleet.connect();
    const texts: string[] = [];
    await until(async () => {
      const { text } = await client.command('GET', 'k');
      texts.push(text);
      return text === '+data\r\n';
    }, 'a good connection');
    t.ok(
      texts.slice(0, -1).every((text) => NOT_EXECUTED.test(text)),
      texts.join(''),
    );
    t.ok(node.accepted >= 3);
    await fleet.conserved();
  });
}

t.test('a node that is no Redis is down, told once with what it says, however often it is tried', async (t) => {
  for (const [credentials, said] of [
    [{}, 'HTTP/1.1 400 Bad Request'],
    [{ password: 'Bad' }, 'HTTP/1.1'],
  ] as const) {
    const node = await startScriptedNode(() => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    const { lines, log } = startLog();
    const fleet = await startFleet({ addresses: [node.address], waitUp: false, pool: { ...pool, ...credentials }, log });
    await until(async () => node.accepted >= 5, 'some attempts');
    const fields = { pool: 'pool', node: 'a', address: node.address, detail: `handshake refused: not the protocol of Redis: ${said}` };
    t.same(
      lines.filter((line) => line.startsWith('node ')),
      [`node is down ${JSON.stringify(fields)}`],
    );
    await fleet.stop();
    await node.stop();
  }
});

t.test('where only some connections are answered so, the node is up, and that is told once', async (t) => {
  const node = await startScriptedNode(({ args }) => (args[0] === 'HELLO' ? 'what?\r\n' : args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n'));
  const { lines, log } = startLog();
  const fleet = await startFleet({ addresses: [node.address], pool, log });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  await client.command('HELLO', '3');
  await until(async () => {
    t.match((await client.command('GET', 'k')).text, NOT_EXECUTED);
    return node.accepted >= 4;
  }, 'some attempts');
  t.equal(lines.filter((line) => line.startsWith('node refuses a connection ') && line.includes('Redis: what?')).length, 1);
  await fleet.conserved();
});

t.test('LOADING at the handshake: requests pass and get the answer of the node itself; it is in service once it serves', async (t) => {
  const loading = '-LOADING Redis is loading the dataset in memory\r\n';
  const node = await startScriptedNode(() => loading);
  const { lines, log } = startLog();
  const fleet = await startFleet({ addresses: [node.address], waitUp: false, pool, log });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  t.equal((await client.command('GET', 'k')).text, loading);
  t.equal((await fleet.metrics()).sum('keyfan_backend_up'), 0);
  t.equal((await fleet.readiness()).status, 503, 'clients are better off elsewhere');
  node.setScript((request) => (request.args[0] === 'PING' ? '+PONG\r\n' : '+data\r\n'));
  t.equal((await client.command('GET', 'k')).text, '+data\r\n', 'on the same connection');
  t.equal(node.accepted, 1);
  await fleet.waitNode(0, 'up');
  t.equal((await fleet.readiness()).status, 200);
  t.ok(lines.some((line) => line.startsWith('node serves ')));
  await client.close();
});

t.test(
  'a node that refuses further connections while it serves on the old ones: the log says why, and it is not said to be down',
  async (t) => {
    const node = await startRedis();
    const { lines, log } = startLog();
    const fleet = await startFleet({ addresses: [node.address], pool, log });
    t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
    await node.call('CONFIG', 'SET', 'requirepass', 'changed');
    const client = await fleet.connect();
    for (let i = 0; i < 20; i++) {
      t.match(
        (await client.command('EVAL', 'return 1', '0')).text,
        /^-ERR keyfan: connection to node a failed before the command was sent/,
      );
    }
    t.equal((await client.command('SET', 'k', 'v')).text, '+OK\r\n');
    const told = lines.filter((line) => line.startsWith('node refuses a connection '));
    t.equal(told.length, 1, 'once');
    t.match(told[0], /"detail":"[A-Z]+: NOAUTH/);
    await client.close();
  },
);

t.test('a node that is down for another reason than before: the log says so', async (t) => {
  const node = await startRedis();
  const { lines, log } = startLog();
  const fleet = await startFleet({ addresses: [node.address], pool, log });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  await node.kill();
  await until(() => lines.some((line) => /^node is (still )?down .*ECONNREFUSED/.test(line)), 'it to be down');
  const other = await startScriptedNode(() => '-NOAUTH Authentication required.\r\n', { port: node.port });
  t.teardown(() => other.stop());
  await until(() => lines.some((line) => /^node is still down .*NOAUTH/.test(line)), 'the new reason');
  await other.waitRequests(10);
  t.equal(lines.filter((line) => /^node is still down .*NOAUTH/.test(line)).length, 1, 'once');
});

t.test('a node that greets and closes at once is tried less and less often', async (t) => {
  const node = await startScriptedNode((request) => {
    request.connection.write('+PONG\r\n');
    request.connection.end();
  });
  const { log } = startLog();
  const fleet = await startFleet({ addresses: [node.address], waitUp: false, log, pool: { reconnect: { min: '20ms', max: '10s' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const at: number[] = [];
  for (let accepted = 0; at.length < 6; accepted = node.accepted) {
    await until(() => node.accepted > accepted, 'another attempt');
    at.push(performance.now());
  }
  const last = (at[5] as number) - (at[4] as number);
  t.ok(last >= 20 * 2 ** 4 * 0.5 - 20, `half of 16 times the first wait at least: ${last} ms`);
});

t.test('a node that takes no writes (MISCONF) serves reads: it is in service', async (t) => {
  const misconf = '-MISCONF Redis is configured to save RDB snapshots\r\n';
  const { node, fleet } = await startWith(({ args }) => (args[0] === 'PING' ? misconf : '$1\r\nv\r\n'));
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  t.equal((await client.command('GET', 'k')).value, 'v');
  await fleet.waitNode(0, 'up');
  t.equal((await fleet.readiness()).status, 200);
  await client.close();
});
