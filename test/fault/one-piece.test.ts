import t from 'tap';
import { healthy, startFleet } from '../support/fleet.ts';
import { type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';

const words = (node: ScriptedNode): string[] => node.requests.map(({ args }) => args.join(' '));

t.test('row 6: a transaction whose connection is lost fails whole, and no part of it is sent again', async (t) => {
  for (const last of ['MULTI', 'SET', 'EXEC']) {
    const node = await startScriptedNode(
      healthy(({ args, connection }) => {
        if (args[0] === last) connection.reset();
        else return args[0] === 'GET' ? '$1\r\nx\r\n' : args[0] === 'MULTI' ? '+OK\r\n' : '+QUEUED\r\n';
      }),
    );
    const fleet = await startFleet({ addresses: [node.address] });
    const client = await fleet.connect();
    const replies = await client.pipeline([['MULTI'], ['SET', 'k', '1'], ['INCR', 'k'], ['EXEC']]);
    t.same(
      replies.slice(0, 3).map(({ text }) => text),
      ['+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n'],
    );
    t.match(replies[3]?.text, /^-ERR keyfan: connection to node a was lost; the command may have been executed/, `at ${last}`);
    await fleet.waitNode(0, 'up');
    t.equal((await client.command('GET', 'k')).value, 'x');
    for (const word of ['MULTI', 'SET k 1', 'INCR k', 'EXEC'])
      t.ok(words(node).filter((said) => said === word).length <= 1, `${word} once at most`);
    await client.close();
    await fleet.conserved();
    await fleet.stop();
    await node.stop();
  }
});

t.test('row 7: behind AUTH and before all else the database, on every new connection', async (t) => {
  const node = await startScriptedNode(({ args }) => {
    if (args[0] === 'PING') return '+PONG\r\n';
    return args[0] === 'GET' ? '$1\r\nx\r\n' : '+OK\r\n';
  });
  const fleet = await startFleet({ addresses: [node.address], pool: { password: 'p', database: 4 } });
  const client = await fleet.connect();
  await client.command('GET', 'k');
  t.equal((await client.command('SELECT', '5')).text, '+OK\r\n');
  t.equal((await client.command('GET', 'k')).value, 'x');
  node.resetAll();
  await fleet.waitNode(0, 'up');
  t.equal((await client.command('GET', 'k')).value, 'x');
  const connections = new Map<number, string[]>();
  for (const { connection, args } of node.requests)
    connections.set(connection.id, [...(connections.get(connection.id) ?? []), args.join(' ')]);
  t.ok(connections.size >= 4, `${connections.size} connections`);
  for (const said of connections.values()) t.match(said.slice(0, 3).join(), /^AUTH p,SELECT [45],PING$/);
  t.match([...connections.values()].at(-1)?.join(), /SELECT 5,PING.*GET k/, 'the session is still where it was');
  await client.close();
  await fleet.conserved();
  await fleet.stop();
  await node.stop();
});

t.test('row 35: a redirection passes as it came; nobody follows it half', async (t) => {
  const texts = ['-ASK 3999 127.0.0.1:1\r\n', '-MOVED 3999 127.0.0.1:1\r\n', '-TRYAGAIN Multiple keys\r\n'];
  let at = 0;
  const node = await startScriptedNode(healthy(() => texts[at++]));
  const fleet = await startFleet({ addresses: [node.address], strategy: 'slots' });
  const client = await fleet.connect();
  for (const text of texts) t.equal((await client.command('SET', 'k', '1')).text, text);
  t.same(
    words(node).filter((said) => said !== 'PING'),
    Array(3).fill('SET k 1'),
    'sent once each, and no ASKING',
  );
  await client.close();
  await fleet.stop();
  await node.stop();
});

/** A node with one command more than keyfan knows, which has no flags. */
function nodeWithMore(): Promise<ScriptedNode> {
  return startScriptedNode(
    healthy(({ args }) => (args[0] === 'COMMAND' ? '*1\r\n*6\r\n$6\r\nmy.cmd\r\n:-2\r\n*0\r\n:1\r\n:1\r\n:1\r\n' : '+done\r\n')),
  );
}

t.test('row 36: an unknown command is a write: it goes to all copies, and waits for the end of a pause', async (t) => {
  const nodes = await Promise.all([nodeWithMore(), nodeWithMore()]);
  const fleet = await startFleet({ addresses: nodes.map(({ address }) => address), strategy: { type: 'random', writes: 'all' } });
  const [client, other] = await Promise.all([fleet.connect(), fleet.connect()]);
  t.equal((await client.command('MY.CMD', 'k')).text, '+done\r\n');
  for (const node of nodes) t.ok(words(node).includes('MY.CMD k'));
  await other.command('CLIENT', 'PAUSE', '60000', 'WRITE');
  const held = client.command('MY.CMD', 'k2');
  t.equal((await other.command('GET', 'k')).text, '+done\r\n', 'reads pass');
  t.notOk(nodes.some((node) => words(node).includes('MY.CMD k2')));
  await other.command('CLIENT', 'UNPAUSE');
  t.equal((await held).text, '+done\r\n');
  await Promise.all([client.close(), other.close()]);
  await fleet.stop();
  await Promise.all(nodes.map((node) => node.stop()));
});
