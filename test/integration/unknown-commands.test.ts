import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';

/** What a node with a module says of its commands. */
const INFO: Readonly<Record<string, string>> = {
  'json.set':
    '*10\r\n$8\r\njson.set\r\n:-4\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:1\r\n:1\r\n*0\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+RW\r\n$12\r\nbegin_search\r\n' +
    '*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n' +
    '*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n',
  // As nodes before Redis 7 tell it.
  'json.mget': '*6\r\n$9\r\njson.mget\r\n:-3\r\n*1\r\n+readonly\r\n:1\r\n:-2\r\n:1\r\n',
  'ft._list': '*6\r\n$8\r\nft._list\r\n:-1\r\n*1\r\n+readonly\r\n:0\r\n:0\r\n:0\r\n',
};

function moduleNode(name: string): Promise<ScriptedNode> {
  return startScriptedNode(({ args }) => {
    if (args[0] === 'PING') return '+PONG\r\n';
    if (args[0] === 'COMMAND') return `*1\r\n${Object.hasOwn(INFO, args[2] as string) ? INFO[args[2] as string] : '*-1\r\n'}`;
    return `+${name} ${args.join(' ')}\r\n`;
  });
}

const nodes = await Promise.all(['a', 'b', 'c'].map(moduleNode));
const fleet = await startFleet({ addresses: nodes.map(({ address }) => address) });
t.teardown(() => Promise.all([fleet.stop(), ...nodes.map((node) => node.stop())]));

const asked = (): number => nodes.flatMap(({ requests }) => requests).filter(({ args }) => args[0] === 'COMMAND').length;

t.test('a command of a module goes where its key leads, in order with others', async (t) => {
  const client = await fleet.connect();
  const keys = [0, 1, 2].map((node) => fleet.keyOn(node));
  const requests = keys.flatMap((key) => [
    ['GET', key],
    ['JSON.SET', key, '$', '1'],
    ['get', key],
  ]);
  const replies = await client.pipeline(requests);
  const wanted = requests.map((request, i) => `+${'abc'[Math.floor(i / 3)]} ${request.join(' ')}\r\n`);
  t.same(
    replies.map(({ text }) => text),
    wanted,
  );
  t.equal(asked(), 1, 'the nodes are asked once');
  await client.close();
});

t.test('keys of several nodes, wrong arity, no keys', async (t) => {
  const client = await fleet.connect();
  const [a, b] = [fleet.keyOn(0), fleet.keyOn(1)];
  t.equal((await client.command('json.mget', a, `{${a}}2`, '$')).text, `+a json.mget ${a} {${a}}2 $\r\n`);
  t.match((await client.command('JSON.MGET', a, b, '$')).text, /^-CROSSSLOT /);
  t.equal((await client.command('JSON.SET', a)).text, "-ERR wrong number of arguments for 'json.set' command\r\n");
  t.match((await client.command('FT._LIST')).text, /^-ERR keyfan: 'ft\._list' is not supported: keyfan does not know how to route it/);
  const replies = await client.pipeline([['MULTI'], ['JSON.SET', a, '$', '1'], ['JSON.SET', b, '$', '1'], ['EXEC']]);
  t.same(
    replies.map(({ text }) => text.split(' ')[0]),
    ['+OK\r\n', '+QUEUED\r\n', '-CROSSSLOT', '-EXECABORT'],
  );
  await client.close();
});

t.test('no node can be asked: that is the answer, and it is asked again later', async (t) => {
  const node = await moduleNode('x');
  const one = await startFleet({ addresses: [node.address] });
  const client = await one.connect();
  await node.stop();
  await one.waitNode(0, 'not up');
  t.match((await client.command('JSON.SET', 'k', '$', '1')).text, /^-ERR keyfan: node a is down; the command was not executed/);
  t.match((await client.command('JSON.SET', 'k', '$', '1')).text, /^-ERR keyfan: node a is down; the command was not executed/);
  await client.close();
  await one.stop();
});

t.test("what no node knows: Redis' words, and the nodes are not asked again and again", async (t) => {
  const client = await fleet.connect();
  const before = asked();
  for (let i = 0; i < 5; i++) {
    t.equal((await client.command('NOSUCH.CMD', 'x')).text, "-ERR unknown command 'NOSUCH.CMD', with args beginning with: 'x' \r\n");
  }
  t.equal(asked() - before, 1);
  t.match((await client.command('__proto__')).text, /^-ERR unknown command '__proto__'/);
  t.match((await client.command('OBJECT', 'nosuch')).text, /^-ERR unknown subcommand 'nosuch'/);
  t.ok((await fleet.metrics()).sum('keyfan_requests_total', { command: 'other' }) >= 4);
  await client.close();
});

t.test('what follows a command that was asked about counts as any other', async (t) => {
  const client = await fleet.connect();
  const gets = async (): Promise<number> => (await fleet.metrics()).sum('keyfan_requests_total', { command: 'get' });
  const before = await gets();
  await client.pipeline([
    ['GET', 'a'],
    ['NOSUCHTHING', 'a'],
    ['GET', 'a'],
    ['GET', 'a'],
  ]);
  t.equal(await gets(), before + 3);
});
