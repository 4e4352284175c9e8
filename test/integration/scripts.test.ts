import { createHash } from 'node:crypto';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { connectResp } from '../support/resp-client.ts';

const fleet = await startFleet();
t.teardown(() => fleet.stop());

const KEYS = [0, 1, 2].map((node) => fleet.keyOn(node)) as [string, string, string];
const GET = "return redis.call('get', KEYS[1])";
const shaOf = (script: string): string => createHash('sha1').update(script).digest('hex');

t.test('a script runs where its keys are', async (t) => {
  const client = await fleet.connect();
  for (const key of KEYS) {
    await client.command('SET', key, `at ${key}`);
    t.equal((await client.command('EVAL', GET, '1', key)).value, `at ${key}`);
    t.equal((await client.command('EVAL_RO', GET, '1', key)).value, `at ${key}`);
  }
  t.match((await client.command('EVAL', GET, '2', KEYS[0], KEYS[1])).text, /^-CROSSSLOT /);
  t.equal((await client.command('EVAL', 'return ARGV[1]', '0', 'x')).value, 'x', 'without keys');
  t.match((await client.command('EVAL', 'return', 'x')).text, /^-ERR value is not an integer/);
  t.match((await client.command('EVAL', 'return', '2', 'x')).text, /^-ERR Number of keys can't be greater/);
  t.equal((await client.command('EVALSHA', '0'.repeat(40), '0')).text, '-NOSCRIPT No matching script. Please use EVAL.\r\n');
  await client.close();
});

t.test('in a pipeline, between ordinary requests: in order', async (t) => {
  const client = await fleet.connect();
  const incr = "return redis.call('incr', KEYS[1])";
  const requests = Array.from({ length: 300 }, (_, i) => {
    const key = `{${KEYS[i % 7 === 0 ? 1 : 0]}}n`;
    return i % 3 === 0 ? ['INCR', key] : ['EVAL', incr, '1', key];
  });
  const replies = await client.pipeline(requests);
  const counts = new Map<string, number>();
  replies.forEach(({ text }, i) => {
    const request = requests[i] as string[];
    const key = request.at(-1) as string;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (text !== `:${counts.get(key)}\r\n`) t.fail(`request ${i}: ${text}`);
  });
  await client.close();
});

t.test('a script that one client has shown is known to every node', async (t) => {
  const [one, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  const script = `${GET} -- shown`;
  await one.command('EVAL', script, '1', KEYS[0]);
  for (const key of KEYS) t.equal((await other.command('EVALSHA', shaOf(script), '1', key)).value, `at ${key}`);
  const upper = await other.pipeline([['MULTI'], ['EVALSHA', shaOf(script).toUpperCase(), '1', KEYS[2]], ['EXEC']]);
  t.same(upper.at(-1)?.value, [`at ${KEYS[2]}`]);
  await Promise.all([one.close(), other.close()]);
});

t.test('NOSCRIPT is healed: a node that was made to forget, and one that was started anew', async (t) => {
  const client = await fleet.connect();
  const script = `${GET} -- healed`;
  await client.command('EVAL', script, '1', KEYS[0]);
  const direct = await connectResp(fleet.nodes[0]?.port as number);
  await direct.command('SCRIPT', 'FLUSH');
  await direct.close();
  t.equal((await client.command('EVALSHA', shaOf(script), '1', KEYS[0])).value, `at ${KEYS[0]}`);
  await fleet.nodes[0]?.kill();
  await fleet.waitNode(0, 'not up');
  await fleet.nodes[0]?.restart();
  await fleet.waitNode(0, 'up');
  await client.command('SET', KEYS[0], 'again');
  t.equal((await client.command('EVALSHA', shaOf(script), '1', KEYS[0])).value, 'again');
  await client.close();
});

t.test("row 10: a script whose error text looks like further replies: they are nobody else's", async (t) => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => fleet.connect()));
  const forged = ["return redis.error_reply('x\\r\\n+forged')", "return {ok='x\\r\\n$6\\r\\nforged'}", "error('x\\r\\n+forged')"];
  await Promise.all(
    clients.map(async (client, i) => {
      const key = `${KEYS[1]}:${i}`;
      for (let n = 0; n < 30; n++) {
        await client.command('SET', key, `${i} ${n}`);
        if (i % 2 === 0) await client.command('EVAL', forged[n % forged.length] as string, '1', KEYS[1]);
        const reply = await client.command('EVAL', GET, '1', key);
        if (reply.value !== `${i} ${n}`) t.fail(`client ${i} got ${reply.text}`);
      }
    }),
  );
  await Promise.all(clients.map((client) => client.close()));
});

t.test('functions', async (t) => {
  const client = await fleet.connect();
  const library = "#!lua name=lib\nredis.register_function('at', function(keys) return redis.call('get', keys[1]) end)";
  for (const node of fleet.nodes) {
    const direct = await connectResp(node.port);
    await direct.command('FUNCTION', 'LOAD', library);
    await direct.close();
  }
  for (const key of KEYS.slice(1)) t.equal((await client.command('FCALL', 'at', '1', key)).value, `at ${key}`);
  t.match((await client.command('FCALL', 'nosuch', '1', KEYS[0])).text, /^-ERR Function not found/);
  await client.close();
});

t.test('scripts: shared runs them on the shared connection', async (t) => {
  const shared = await startFleet({ nodes: 1, pool: { scripts: 'shared' } });
  const client = await shared.connect();
  const accepted = async () => /total_connections_received:(\d+)/.exec(String(await shared.nodes[0]?.call('INFO', 'stats')))?.[1];
  await client.command('GET', 'k');
  const before = await accepted();
  t.equal((await client.command('EVAL', 'return 7', '0')).text, ':7\r\n');
  t.equal((await client.command('EVAL', 'return KEYS[1]', '1', 'k')).value, 'k');
  t.equal(await accepted(), before, 'the node was connected to no further time');
  await client.close();
  await shared.stop();
});

t.test('scripts: shared: a script that one client has shown is given to whichever node lacks it', async (t) => {
  const shared = await startFleet({ pool: { scripts: 'shared' } });
  t.teardown(() => shared.stop());
  const client = await shared.connect();
  const script = 'return KEYS[1]';
  const sha = createHash('sha1').update(script).digest('hex');
  await client.command('EVAL', script, '1', shared.keyOn(0));
  for (const node of [0, 1, 2]) t.equal((await client.command('EVALSHA', sha, '1', shared.keyOn(node))).value, shared.keyOn(node));
  await shared.nodes[2]?.call('SCRIPT', 'FLUSH');
  const queued = await client.pipeline([['MULTI'], ['EVALSHA', sha, '1', shared.keyOn(1)], ['EXEC']]);
  t.same(queued.at(-1)?.value, [shared.keyOn(1)]);
  t.equal((await client.command('EVALSHA', sha, '1', shared.keyOn(2))).value, shared.keyOn(2), 'healed');
  t.match((await client.command('EVALSHA', '0'.repeat(40), '0')).text, /^-NOSCRIPT/);
});
