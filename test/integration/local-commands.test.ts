import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';

const fleet = await startFleet();
const plain = await startRedis();
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

/** Requests in sequence on one fresh connection; both sides must answer the same bytes. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  'ping and echo': ['PING', 'ping', 'PING hello', 'PING a b', 'ECHO hello', 'ECHO', 'ECHO a b'],
  select: ['SELECT 0', 'SELECT', 'SELECT x', 'SELECT 99999999999', 'SELECT 99999999999999999999', 'SELECT -1', 'SELECT 0 1'],
  'client names': [
    'CLIENT GETNAME',
    'CLIENT SETNAME app',
    'CLIENT GETNAME',
    'CLIENT SETNAME',
    'RESET',
    'CLIENT GETNAME',
    'client getname x',
    'CLIENT SETNAME é',
  ],
  'client switches': [
    'CLIENT NO-EVICT ON',
    'CLIENT NO-EVICT off',
    'CLIENT NO-EVICT maybe',
    'CLIENT NO-EVICT',
    'CLIENT',
    'CLIENT nosuch',
    'CLIENT ID x',
  ],
  'who am I': ['ACL WHOAMI', 'ACL WHOAMI x', 'acl whoami', 'AUTH default x', 'ACL WHOAMI', 'RESET', 'ACL WHOAMI'],
  hello: [
    'HELLO x',
    'HELLO 4',
    'HELLO 1',
    'HELLO 2 NOSUCH',
    'HELLO 2 AUTH x',
    'HELLO 2 SETNAME',
    'HELLO 2 AUTH nobody x',
    'HELLO 2 SETNAME a\tb',
  ],
  'hello: each option counts before the next is read': [
    'HELLO 2 AUTH AUTH default x',
    'HELLO 2 AUTH nobody x SETNAME',
    'HELLO 2 AUTH nobody x SETNAME a\tb',
    'HELLO 2 AUTH nobody x AUTH default x',
    'HELLO 2 AUTH default x AUTH nobody x',
    'HELLO 2 AUTH nobody x nosuch',
    'HELLO 2 nosuch AUTH nobody x',
    'HELLO 2 AUTH AUTH AUTH AUTH',
    'HELLO 4 AUTH nobody x',
    'HELLO AUTH nobody x',
    'CLIENT GETNAME',
    'HELLO 2 SETNAME one AUTH nobody x',
    'CLIENT GETNAME',
    'HELLO 2 SETNAME two SETNAME',
    'CLIENT GETNAME',
    'HELLO 3 SETNAME three SETNAME a\tb',
    'CLIENT GETNAME',
    'CLIENT TRACKINGINFO',
  ],
  auth: ['AUTH x', 'AUTH', 'AUTH default x', 'AUTH nobody x', 'AUTH a b c', 'PING'],
  time: ['TIME x'],
  'command names': [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf a',
    'nosuch',
    'nosuch a b c',
    'NoSuch',
    'getx k',
    'ge',
    'GET',
    'GET a b',
  ],
  subcommands: [
    'OBJECT',
    'OBJECT nosuch',
    'OBJECT __proto__ x',
    'XINFO constructor x',
    'XGROUP',
    'COMMAND nosuch',
    'OBJECT ENCODING',
    'XGROUP CREATE x',
  ],
  arity: [
    'SET k',
    'MGET',
    'DEL',
    'HSET h f',
    'ZADD z 1',
    'LPUSH l',
    'XADD x',
    'INCR',
    'EXPIRE k',
    'BITOP AND',
    'MSET',
    'MSET k',
    'RENAME a',
    'GETRANGE k 0',
    'EVAL',
    'SUBSCRIBE',
    'WAIT',
  ],
  command: [
    'COMMAND GETKEYS MSET a 1 b 2',
    'COMMAND GETKEYS PING',
    'COMMAND GETKEYS nosuch',
    'COMMAND COUNT x',
    'COMMAND INFO nosuch',
    'COMMAND LIST FILTERBY x',
  ],
};

t.test('local commands, unknown commands and wrong arity: the bytes of a real Redis', async (t) => {
  for (const [name, lines] of Object.entries(SAME)) {
    const [client, direct] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
    const requests = lines.map((line) => line.split(' '));
    const [ours, theirs] = await Promise.all([client.pipeline(requests), direct.pipeline(requests)]);
    t.same(
      ours.map((reply, i) => `${lines[i]}: ${reply.text}`),
      theirs.map((reply, i) => `${lines[i]}: ${reply.text}`),
      name,
    );
    await Promise.all([client.close(), direct.close()]);
  }
});

t.test('QUIT: OK behind the replies before it, nothing behind it, then the end', async (t) => {
  for (const port of [plain.port, fleet.port]) {
    const client = await connectResp(port);
    client.send(Buffer.concat([['SET', 'q', '1'], ['GET', 'q'], ['QUIT'], ['SET', 'q', '2']].map(encode)));
    t.equal((await client.waitClosed()).toString(), '+OK\r\n$1\r\n1\r\n+OK\r\n');
  }
  const client = await fleet.connect();
  t.equal((await client.command('GET', 'q')).value, '1', 'what came behind QUIT was not run');
  await client.close();
});

t.test('CLIENT ID, INFO and SETINFO are about the session', async (t) => {
  const [one, two] = await Promise.all([fleet.connect(), fleet.connect()]);
  const ids = [(await one.command('CLIENT', 'ID')).value, (await two.command('CLIENT', 'ID')).value] as number[];
  t.not(ids[0], ids[1]);
  await one.pipeline([
    ['CLIENT', 'SETNAME', 'app'],
    ['CLIENT', 'SETINFO', 'LIB-NAME', 'my-lib'],
    ['CLIENT', 'SETINFO', 'lib-ver', '1.2.3'],
  ]);
  const info = String((await one.command('CLIENT', 'INFO')).value);
  const { localPort } = one.socket;
  t.match(info, new RegExp(`^id=${ids[0]} addr=127\\.0\\.0\\.1:${localPort} laddr=127\\.0\\.0\\.1:${fleet.port} .* ?name=app `));
  t.match(info, / db=0 .* cmd=client\|info user=default .* lib-name=my-lib lib-ver=1\.2\.3\n$/);
  t.equal((await two.command('CLIENT', 'GETNAME')).value, null, "another client's name is its own");
  t.match((await one.command('CLIENT', 'SETINFO', 'nosuch', 'x')).text, /^-ERR Unrecognized option 'nosuch'\r\n$/);
  t.match((await one.command('CLIENT', 'SETINFO', 'lib-name', 'a b')).text, /^-ERR lib-name cannot contain spaces/);
  await Promise.all([one.close(), two.close()]);
});

/** `[k, v, k, v]` as an object. */
const pairs = (list: unknown): Record<string, unknown> => {
  const items = list as unknown[];
  return Object.fromEntries(items.flatMap((key, i) => (i % 2 === 0 ? [[String(key), items[i + 1]]] : [])));
};

t.test('HELLO 2 greets as a single Redis does', async (t) => {
  const [client, direct] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
  for (const request of [['HELLO'], ['HELLO', '2'], ['hello', '2', 'AUTH', 'default', 'x', 'SETNAME', 'app']]) {
    const [ours, theirs] = [pairs((await client.command(...request)).value), pairs((await direct.command(...request)).value)];
    t.same({ ...ours, id: 0 }, { ...theirs, id: 0 });
    t.same(Object.keys(ours), Object.keys(theirs));
  }
  t.equal((await client.command('CLIENT', 'GETNAME')).value, 'app');
  t.equal((await client.command('PING')).text, '+PONG\r\n', 'the connection goes on in RESP2');
  await Promise.all([client.close(), direct.close()]);
});

t.test('TIME is the time', async (t) => {
  const client = await fleet.connect();
  const before = Date.now();
  const [seconds, micros] = ((await client.command('TIME')).value as string[]).map(Number) as [number, number];
  const after = Date.now();
  const ms = seconds * 1000 + micros / 1000;
  t.ok(ms >= before - 100 && ms <= after + 100, `${ms} between ${before} and ${after}`);
  t.ok(micros >= 0 && micros < 1_000_000);
  await client.close();
});

t.test('INFO is about keyfan, in the form that clients parse', async (t) => {
  const client = await fleet.connect();
  await client.command('SET', 'x', '1');
  const info = String((await client.command('INFO')).value);
  t.match(info, /^# Server\r\nredis_version:7\.\d+\.\d+\r\n/);
  t.match(info, /\r\n# Clients\r\nconnected_clients:1\r\nmaxclients:10000\r\n/);
  t.match(info, /\r\ntotal_commands_processed:[1-9]\d*\r\n/);
  t.match(info, /\r\nnode0:name=a,state=up,in_flight=0\r\nnode1:name=b,/);
  t.equal((await client.command('INFO', 'nosuch')).text, '$0\r\n\r\n');
  t.match((await client.command('INFO', 'CLIENTS')).value, /^# Clients\r\n[^#]*$/);
  t.notMatch((await client.command('INFO', 'clients')).value, /# Server/);
  t.match((await client.command('INFO', 'NODE', 'b', 'server')).value, new RegExp(`^# Server[^]*tcp_port:${fleet.nodes[1]?.port}`));
  t.match((await client.command('INFO', 'node', 'nosuch')).text, /^-ERR keyfan: there is no node nosuch in this pool/);
  await client.close();
});

t.test('inline requests and multibulk in one pipeline', async (t) => {
  const bytes = 'PING\r\nSET inline "a\\x41b"\r\n*2\r\n$3\r\nGET\r\n$6\r\ninline\r\n\r\n*0\r\nEXISTS inline inline nosuch\r\nPING\n';
  const wanted = '+PONG\r\n+OK\r\n$3\r\naAb\r\n:2\r\n+PONG\r\n';
  for (const port of [plain.port, fleet.port]) {
    const client: RespClient = await connectResp(port);
    client.send(bytes);
    await client.read(5);
    t.equal(client.received().toString(), wanted);
    await client.close();
  }
});

t.test('a password for clients: NOAUTH before it, by AUTH and by HELLO, and RESET forgets it', async (t) => {
  const guarded = await startFleet({ pool: { client_password: 'sesame', client_username: 'app' } });
  const secured = await startRedis({ args: ['--requirepass', 'sesame'], password: 'sesame' });
  t.teardown(() => Promise.all([guarded.stop(), secured.stop()]));
  const lines = [
    'PING',
    'GET x',
    'MSET a 1 b 2',
    'nosuch',
    'GET',
    'AUTH wrong',
    'HELLO',
    'HELLO 2 AUTH default wrong',
    'CLIENT ID',
    'MULTI',
    'COMMAND COUNT',
    'RESET',
  ];
  const requests = lines.map((line) => line.split(' '));
  const [client, direct] = await Promise.all([guarded.connect(), connectResp(secured.port)]);
  const [ours, theirs] = await Promise.all([client.pipeline(requests), direct.pipeline(requests)]);
  t.same(
    ours.map((reply, i) => `${lines[i]}: ${reply.text}`),
    theirs.map((reply, i) => `${lines[i]}: ${reply.text}`),
  );
  t.match((await client.command('AUTH', 'default', 'sesame')).text, /^-WRONGPASS/, 'not that user');
  t.equal((await client.command('AUTH', 'sesame')).text, '+OK\r\n');
  t.equal((await client.command('SET', 'x', '1')).text, '+OK\r\n');
  t.match((await client.command('AUTH', 'wrong')).text, /^-WRONGPASS/);
  t.equal((await client.command('GET', 'x')).value, '1', 'a failed AUTH takes nothing away, as in Redis');
  t.equal((await client.command('RESET')).text, '+RESET\r\n');
  t.match((await client.command('GET', 'x')).text, /^-NOAUTH/);
  t.match((await client.command('HELLO', '2', 'AUTH', 'app', 'sesame')).text, /^\*14\r\n/);
  t.equal((await client.command('GET', 'x')).value, '1');
  await Promise.all([client.close(), direct.close()]);
});

t.test('HELLO with a password: what stands before an error has come into force, as in Redis', async (t) => {
  const guarded = await startFleet({ pool: { client_password: 'sesame' } });
  const secured = await startRedis({ args: ['--requirepass', 'sesame'], password: 'sesame' });
  t.teardown(() => Promise.all([guarded.stop(), secured.stop()]));
  const sessions = [
    ['HELLO 3 SETNAME early', 'HELLO 2 AUTH default wrong SETNAME late', 'AUTH sesame', 'CLIENT GETNAME', 'CLIENT TRACKINGINFO'],
    ['HELLO 2 AUTH default sesame nosuch', 'GET x', 'HELLO 3 AUTH default wrong', 'GET x'],
    ['HELLO 2 AUTH default sesame AUTH default wrong', 'GET x'],
    ['HELLO 2 AUTH default wrong AUTH default sesame', 'GET x'],
    ['HELLO 4 AUTH default sesame', 'GET x'],
  ];
  for (const lines of sessions) {
    const texts = await Promise.all(
      [guarded.port, secured.port].map(async (port) => {
        const client = await connectResp(port);
        const replies = await client.pipeline(lines.map((line) => line.split(' ')));
        await client.close();
        return replies.map((reply, i) => `${lines[i]}: ${reply.text}`);
      }),
    );
    t.same(texts[0], texts[1]);
  }
});

t.test('before AUTH: small requests only, as in Redis', async (t) => {
  const guarded = await startFleet({ pool: { client_password: 'sesame' } });
  const secured = await startRedis({ args: ['--requirepass', 'sesame'], password: 'sesame' });
  t.teardown(() => Promise.all([guarded.stop(), secured.stop()]));
  for (const bytes of ['*11\r\n', '*2\r\n$4\r\nPING\r\n$16385\r\n', '*10\r\n$4\r\nPING\r\n$x\r\n']) {
    const seen = [];
    for (const port of [secured.port, guarded.port]) {
      const client = await connectResp(port);
      client.send(bytes);
      seen.push((await client.waitClosed()).toString());
    }
    t.match(seen[0], /^-ERR Protocol error/);
    t.equal(seen[1], seen[0], JSON.stringify(bytes));
  }
});
