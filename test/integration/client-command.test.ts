import t from 'tap';
import { COMMAND_ROWS } from '../../src/command/table.ts';
import { createProxy } from '../../src/index.ts';
import { startFleet } from '../support/fleet.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { connectResp } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

const [fleet, plain] = await Promise.all([startFleet(), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));

const [a, b] = [fleet.keyOn(0), fleet.keyOn(1)];

t.test("errors and empty answers in Redis' own words", async (t) => {
  const [ours, theirs] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
  const requests = [
    'LIST TYPE foo|LIST ID x|LIST FOO|LIST ID 99|KILL 1.2.3.4:5|KILL ID x|KILL TYPE foo|KILL FOO bar|KILL ID 1 SKIPME maybe|KILL ID 99',
    'KILL USER nobody|KILL ID 0|KILL|KILL ID 5 FOO|PAUSE x|PAUSE -1|PAUSE 1 FOO|UNPAUSE|REPLY FOO|REPLY ON|UNBLOCK x|UNBLOCK 99|UNBLOCK 99 FOO',
    'GETREDIR|TRACKINGINFO|LIST TYPE master',
    // One argument too many or too few.
    'PAUSE|PAUSE 0 ALL x|pause 0 foo x y|PAUSE x ALL x|UNBLOCK|UNBLOCK 99 TIMEOUT x|Unblock x ERROR x y|UNPAUSE x|ID x|INFO x|GETNAME x|GETREDIR x',
    'HELP x|KILL ID|KILL 1.2.3.4:5 x|KILL SKIPME|LIST TYPE|LIST TYPE master x|LIST ID|REPLY|REPLY ON x|SETNAME|SETNAME a b|NO-EVICT|NO-EVICT on x',
    'CACHING|CACHING YES x|TRACKING|TRACKING off x|TRACKING off REDIRECT|TRACKING off PREFIX|TRACKINGINFO x',
  ];
  for (const version of ['2', '3']) {
    await Promise.all([ours, theirs].map((client) => client.command('HELLO', version)));
    for (const request of requests.join('|').split('|')) {
      const [mine, wanted] = await Promise.all([ours, theirs].map((client) => client.command('CLIENT', ...request.split(' '))));
      t.equal(mine?.text, wanted?.text, `CLIENT ${request} in RESP${version}`);
    }
  }
  await Promise.all([ours.close(), theirs.close()]);
});

t.test('numbers as Redis reads them: no plus, space, leading zero or exponent', async (t) => {
  const [ours, theirs] = await Promise.all([fleet.connect(), connectResp(plain.port)]);
  const numbers =
    ' 5|5 |+5|05|-05|00|-0|0|-|--1|1e3|0x5|5.0||-1|５|99999|9223372036854775807|9223372036854775808|-9223372036854775808'.split('|');
  const commands =
    'CLIENT PAUSE N WRITE|CLIENT UNPAUSE|CLIENT PAUSE N x|CLIENT UNBLOCK N|CLIENT LIST ID N|CLIENT KILL ID N|HELLO N|SELECT N|SELECT 0';
  for (const number of numbers) {
    for (const command of commands.split('|')) {
      const words = command.split(' ').map((word) => (word === 'N' ? number : word));
      const [mine, wanted] = await Promise.all([ours, theirs].map((client) => client.command(...words)));
      t.equal(mine?.text, wanted?.text, `${command} with '${number}'`);
    }
  }
  await Promise.all([ours.close(), theirs.close()]);
});

t.test('HELP names every subcommand that there is', async (t) => {
  const client = await fleet.connect();
  const lines = (await client.command('CLIENT', 'HELP')).value as string[];
  const named = lines.slice(1).flatMap((line) => /^[A-Z-]+/.exec(line) ?? []);
  const known = COMMAND_ROWS.filter(({ name, local }) => local === 'client' && name !== 'client');
  t.same(named.sort(), known.map(({ name }) => name.slice('client|'.length).toUpperCase()).sort());
  await client.close();
});

t.test("a client's line has the fields of Redis 7.0, in its order: some client libraries want each of them", async (t) => {
  const client = await fleet.connect();
  const numbers = 'id fd age idle db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem redir resp'.split(
    ' ',
  );
  const wanted =
    'id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp';
  for (const command of ['INFO', 'LIST']) {
    const line = String((await client.command('CLIENT', command)).value);
    const fields = new Map(
      line
        .trim()
        .split(' ')
        .map((field) => field.split('=') as [string, string]),
    );
    t.same([...fields.keys()].filter((name) => !name.startsWith('lib-')).join(' '), wanted, command);
    t.same(
      numbers.filter((name) => !/^-?\d+$/.test(fields.get(name) ?? '')),
      [],
    );
    t.equal(fields.get('redir'), '-1');
  }
  await client.command('HELLO', '3');
  await client.command('CLIENT', 'TRACKING', 'on');
  t.match((await client.command('CLIENT', 'INFO')).text, / flags=t .* redir=0 resp=3 /);
  await client.close();
  await until(async () => (await fleet.metrics()).sum('keyfan_connections') === 0, 'nobody to be connected');
});

t.test('LIST and KILL', async (t) => {
  const [one, two, listener] = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
  await one.command('CLIENT', 'SETNAME', 'one');
  const id = (await two.command('CLIENT', 'ID')).value as number;
  await two.command('MULTI');
  await two.command('SET', a, '1');
  listener.send('PSUBSCRIBE x*\r\n');
  await listener.read(1);
  const lines = String((await one.command('CLIENT', 'LIST')).value)
    .trim()
    .split('\n');
  t.equal(lines.length, 3);
  t.match(
    lines.find((line) => line.includes('name=one')),
    /^id=\d+ addr=127\.0\.0\.1:\d+ .* flags=N .* cmd=client\|list /,
  );
  t.match(
    lines.find((line) => line.startsWith(`id=${id} `)),
    / flags=x .* multi=1 /,
  );
  const [watching, caching] = await Promise.all([fleet.connect(), fleet.connect()]);
  await watching.command('MONITOR');
  await caching.command('HELLO', '3');
  await caching.command('CLIENT', 'TRACKING', 'ON', 'BCAST');
  const all = String((await one.command('CLIENT', 'LIST')).value);
  for (const flags of ['O', 'tB']) t.match(all, new RegExp(` flags=${flags} `));
  await Promise.all([watching.close(), caching.close()]);
  t.match(String((await one.command('CLIENT', 'LIST', 'TYPE', 'pubsub')).value), /^id=\d+ .* flags=P .* sub=0 psub=1 /);
  t.equal((await one.command('CLIENT', 'KILL', 'ID', id)).text, ':1\r\n');
  await two.closed;
  const address = /addr=(\S+)/.exec(String((await one.command('CLIENT', 'LIST', 'TYPE', 'pubsub')).value))?.[1] as string;
  t.equal((await one.command('CLIENT', 'KILL', address)).text, '+OK\r\n');
  await listener.closed;
  t.equal((await one.command('CLIENT', 'KILL', 'TYPE', 'normal')).text, ':0\r\n', 'not itself');
  t.equal((await one.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')).text, ':1\r\n');
  await one.closed;
  t.pass('and itself, behind the answer');
});

t.test('UNBLOCK: the client gets what its node says', async (t) => {
  const [waiting, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  const id = (await waiting.command('CLIENT', 'ID')).value as number;
  for (const [reason, wanted] of [
    ['TIMEOUT', '*-1\r\n'],
    ['ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
  ] as const) {
    const reply = waiting.command('BLPOP', `{${a}}none`, '0');
    await until(async () => (await other.command('CLIENT', 'UNBLOCK', id, reason)).text === ':1\r\n', 'it to be unblocked');
    t.equal((await reply).text, wanted);
  }
  t.equal((await other.command('CLIENT', 'UNBLOCK', id)).text, ':0\r\n', 'not blocked any more');
  t.equal((await waiting.command('SET', a, '1')).text, '+OK\r\n');
  await Promise.all([waiting.close(), other.close()]);
});

t.test('PAUSE: nothing is lost, and order is kept', async (t) => {
  const [client, client2, other] = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect()]);
  await other.command('SET', a, '0');
  await other.command('DEL', b);
  t.equal((await other.command('CLIENT', 'PAUSE', '60000', 'WRITE')).text, '+OK\r\n');
  t.equal((await client.command('GET', a)).value, '0', 'reads pass');
  const replies = client.pipeline([
    ['GET', a],
    ['INCR', a],
    ['INCR', a],
    ['GET', a],
  ]);
  const large = client2.command('SET', b, 'x'.repeat(100_000));
  t.equal((await other.command('GET', a)).value, '0', 'writes wait');
  t.equal((await other.command('EXISTS', b)).value, 0, 'large ones, too');
  await other.command('CLIENT', 'UNPAUSE');
  t.equal((await large).text, '+OK\r\n');
  t.same(
    (await replies).map(({ value }) => value),
    ['0', 1, 2, '2'],
  );
  await other.command('CLIENT', 'PAUSE', '60000');
  const later = client.command('GET', a);
  const settled = await Promise.race([later.then(() => true), other.command('CLIENT', 'ID').then(() => false)]);
  t.equal(settled, false, 'reads wait, too');
  await other.command('CLIENT', 'PAUSE', '0');
  await other.command('CLIENT', 'UNPAUSE');
  t.equal((await later).value, '2');
  await other.command('CLIENT', 'PAUSE', '30');
  t.equal((await client.command('GET', a)).value, '2', 'a pause ends by itself');
  await Promise.all([client.close(), client2.close(), other.close()]);
});

t.test('PAUSE: nothing of it is left when keyfan stops', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const proxy = createProxy({ pools: { p: { listen: '127.0.0.1:0', nodes: [(fleet.nodes[0] as RedisNode).address] } } });
  await proxy.start();
  const client = await connectResp((proxy.address('p') as { port: number }).port);
  t.equal((await client.command('CLIENT', 'PAUSE', '60000')).text, '+OK\r\n');
  client.send('GET k\r\n');
  await proxy.stop();
  await client.closed;
  await until(() => timers() <= before, 'its timers to end');
});

t.test('REPLY OFF and SKIP', async (t) => {
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await client.command('SET', b, 'x'.repeat(200_000));
  const requests = [
    'CLIENT REPLY SKIP|PING skipped|PING one',
    `CLIENT REPLY OFF|PING nothing|SET ${a} 5|GET ${b}|MGET ${a} ${b}|CLIENT REPLY ON`,
    `PING two|CLIENT REPLY SKIP|GET ${b}|GET ${a}`,
  ];
  client.send(`${requests.join('|').replaceAll('|', '\r\n')}\r\n`);
  const replies = await client.read(4);
  t.equal(replies.map(({ text }) => text).join(''), '$3\r\none\r\n+OK\r\n$3\r\ntwo\r\n$1\r\n5\r\n');
  client.send('CLIENT REPLY OFF\r\nPING x\r\nQUIT\r\n');
  await client.closed;
  await fleet.conserved();
});

t.test('WAIT and WAITAOF: what holds for all nodes', async (t) => {
  const client = await fleet.connect();
  await client.command('SET', a, '1');
  t.equal((await client.command('WAIT', '0', '10')).text, ':0\r\n');
  const replies = await client.pipeline([
    ['SET', b, '1'],
    ['WAIT', '1', '20'],
    ['GET', b],
  ]);
  t.same(
    replies.map(({ text }) => text),
    ['+OK\r\n', ':0\r\n', '$1\r\n1\r\n'],
  );
  t.match((await client.command('WAIT', 'x', '1')).text, /^-ERR value is not an integer/);
  await client.close();
});

t.test('KEYFAN', async (t) => {
  const client = await fleet.connect();
  const nodes = (await client.command('KEYFAN', 'NODES')).value as string[][];
  t.same(
    nodes.map((fields) => [fields[1], fields[3], fields[5]]),
    fleet.nodes.map(({ address }, i) => ['abc'[i], address, 'up']),
  );
  t.same((await client.command('KEYFAN', 'ROUTE', a, b, a)).value, ['a', 'b', 'a']);
  t.match((await client.command('keyfan', 'version')).value, /^\d+\.\d+/);
  t.match((await client.command('KEYFAN', 'HELP')).text, /KEYFAN <subcommand>/);
  t.match((await client.command('KEYFAN')).text, /^-ERR wrong number of arguments for 'keyfan' command/);
  t.match((await client.command('KEYFAN', 'ROUTE')).text, /^-ERR wrong number of arguments for 'keyfan\|route' command/);
  t.match((await client.command('KEYFAN', '__proto__')).text, /^-ERR unknown subcommand '__proto__'\. Try KEYFAN HELP\./);
  await client.close();
});

t.test('MONITOR shows what Redis shows, in its form, and no secrets', async (t) => {
  const guarded = await startFleet({ nodes: 1, pool: { client_password: 'sesame' } });
  const [watching, client, direct, plainClient] = await Promise.all([
    guarded.connect(),
    guarded.connect(),
    connectResp(plain.port),
    connectResp(plain.port),
  ]);
  await watching.command('AUTH', 'sesame');
  for (const each of [watching, direct]) t.equal((await each.command('MONITOR')).text, '+OK\r\n');
  const requests = [
    ['SET', 'k', 'a "quoted" \\ \r\n\t\x07 \xff value'],
    ['HELLO', '2', 'AUTH', 'default', 'sesame'],
    ['MULTI'],
    ['GET', 'k'],
    ['EXEC'],
    ['SELECT', '1'],
    ['GET', 'k'],
  ];
  await client.command('AUTH', 'sesame');
  // Refused, and not to be seen: it holds the password of a node.
  t.match((await client.command('MIGRATE', '127.0.0.1', '1', 'k', '0', '10', 'AUTH', 'sesame')).text, /^-ERR keyfan: /);
  for (const request of requests)
    for (const each of [client, plainClient]) await each.command(...request.map((word) => Buffer.from(word, 'latin1')));
  for (const each of [client, plainClient]) await each.command('GET', 'the end');
  const lines = await Promise.all(
    [watching, direct].map(async (each) => {
      await until(() => each.received().includes('"the end"'), 'the last line');
      const text = each.received().toString('latin1');
      return text.replace(/\+\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]/g, '+TIME [$1 CLIENT]').split('\r\n');
    }),
  );
  const shown = (all: readonly string[] | undefined): string[] => (all ?? []).filter((line) => line.startsWith('+TIME'));
  const withoutHello = (all: string[]): string[] => all.filter((line) => !/HELLO|SELECT/i.test(line));
  // Redis shows the commands of a transaction when it runs them, and SELECT in the new database; keyfan shows each when it comes.
  t.same(withoutHello(shown(lines[0])).sort(), withoutHello(shown(lines[1])).sort());
  t.notMatch(watching.received().toString(), /sesame/);
  t.match(watching.received().toString(), /"HELLO" "2" "\(redacted\)"/);
  await Promise.all([watching, client, direct, plainClient].map((each) => each.close()));
  await guarded.stop();
});
