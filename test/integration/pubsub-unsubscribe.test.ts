import t, { type Test } from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import type { RespClient } from '../support/resp-client.ts';
import { gate, type ScriptedConnection, type ScriptedNode, startScriptedNode } from '../support/scripted-node.ts';
import { until } from '../support/wait.ts';

/** A node on whose pushes a test decides, and on when it has carried out an UNSUBSCRIBE. */
interface Site {
  readonly node: ScriptedNode;
  /** PUBLISHes, as the node would to its subscriber on the connection that it was last heard on. */
  push(channel: string, payload: string): void;
  /** Holds the PING behind each UNSUBSCRIBE back, until it is called. */
  hold(): () => void;
  /** UNSUBSCRIBEs and SUBSCRIBEs, in order. */
  readonly asked: string[];
}

async function site(t: Test): Promise<Site> {
  const asked: string[] = [];
  let subscriber: ScriptedConnection | null = null;
  let held: Promise<void> | null = null;
  let behindUnsubscribe = false;
  const node = await startScriptedNode(async ({ args, connection }) => {
    const word = (args[0] as string).toLowerCase();
    if (word === 'hello') return '%1\r\n+proto\r\n:3\r\n';
    if (word === 'client') return ':7\r\n';
    if (word.endsWith('subscribe')) {
      asked.push([word, ...args.slice(1)].join(' '));
      subscriber = connection;
      behindUnsubscribe = word.endsWith('unsubscribe');
      return;
    }
    if (word === 'ping' && connection === subscriber && behindUnsubscribe) await held;
    return word === 'ping' ? '+PONG\r\n' : '+OK\r\n';
  });
  t.teardown(() => node.stop());
  return {
    node,
    asked,
    push: (channel, payload) =>
      subscriber?.write(`>3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${payload.length}\r\n${payload}\r\n`),
    hold: () => {
      const { promise, open } = gate();
      held = promise;
      return open;
    },
  };
}

async function setup(t: Test, nodes: number, pool: object = {}): Promise<{ fleet: Fleet; sites: Site[]; client: RespClient }> {
  const sites = await Promise.all(Array.from({ length: nodes }, () => site(t)));
  const fleet = await startFleet({ addresses: sites.map(({ node }) => node.address), pool: { timeouts: { request: '20s' }, ...pool } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  await client.command('HELLO', '3');
  return { fleet, sites, client };
}

const confirmed = (word: string, name: string, count: number, first = '>'): string =>
  `${first}3\r\n$${word.length}\r\n${word}\r\n$${name.length}\r\n${name}\r\n:${count}\r\n`;

const message = (name: string, payload: string, first = '>'): string =>
  `${first}3\r\n$7\r\nmessage\r\n$${name.length}\r\n${name}\r\n$${payload.length}\r\n${payload}\r\n`;

async function subscribe(client: RespClient, ...names: string[]): Promise<void> {
  client.send(`SUBSCRIBE ${names.join(' ')}\r\n`);
  await client.read(names.length);
}

async function texts(client: RespClient, count: number): Promise<string[]> {
  return (await client.read(count)).map(({ text }) => text);
}

t.test('messages are passed on until the node has carried it out; what is behind it waits', async (t) => {
  const { sites, client, fleet } = await setup(t, 1);
  const { push, hold, asked } = sites[0] as Site;
  await subscribe(client, 'a', 'b', 'c');
  const go = hold();
  client.send('UNSUBSCRIBE b nosuch a b\r\nSUBSCRIBE a\r\nPING behind\r\n');
  await until(() => asked.length === 2, 'the node to be asked');
  for (const name of ['a', 'b', 'c']) push(name, 'late');
  t.same(await texts(client, 3), [message('a', 'late'), message('b', 'late'), message('c', 'late')]);
  t.same(asked, ['subscribe a b c', 'unsubscribe b a'], 'the SUBSCRIBE of the same name waits, too');
  go();
  const counts = [['b', 2] as const, ['nosuch', 2] as const, ['a', 1] as const, ['b', 1] as const];
  t.same(await texts(client, 6), [
    ...counts.map(([name, count]) => confirmed('unsubscribe', name, count)),
    confirmed('subscribe', 'a', 2),
    '$6\r\nbehind\r\n',
  ]);
  for (const name of ['b', 'a']) push(name, 'new');
  t.same(await texts(client, 1), [message('a', 'new')], 'nothing of what is not subscribed to');
  await client.close();
  await fleet.conserved();
});

t.test('names that are not subscribed to: no node is asked', async (t) => {
  const { sites, client } = await setup(t, 1);
  await subscribe(client, 'a');
  client.send('UNSUBSCRIBE x\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE a\r\n');
  const none = '>3\r\n$12\r\npunsubscribe\r\n_\r\n:1\r\n';
  t.same(await texts(client, 3), [confirmed('unsubscribe', 'x', 1), none, confirmed('sunsubscribe', 'a', 0)]);
  t.same(sites[0]?.asked, ['subscribe a']);
  await client.close();
});

t.test('a pattern: all nodes have to answer', async (t) => {
  const { sites, client, fleet } = await setup(t, 3);
  client.send('PSUBSCRIBE p*\r\n');
  await client.read(1);
  const [first, ...others] = sites.map(({ hold }) => hold());
  client.send('PUNSUBSCRIBE\r\n');
  await until(() => sites.every(({ asked }) => asked.length === 2), 'all to be asked');
  for (const go of others) go();
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_in_flight') === 1, 'two to have answered');
  t.notOk(client.received().includes('punsubscribe'));
  first?.();
  t.same(await texts(client, 1), [confirmed('punsubscribe', 'p*', 0)]);
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_reserved') === 0, 'their connections to be closed');
  await client.close();
});

t.test('in RESP2 the client is a subscriber until the confirmation', async (t) => {
  const { sites, client } = await setup(t, 1);
  const { push, hold, asked } = sites[0] as Site;
  await client.command('HELLO', '2');
  await subscribe(client, 'a');
  const go = hold();
  client.send('UNSUBSCRIBE\r\nPING\r\nECHO x\r\n');
  await until(() => asked.length === 2, 'the node to be asked');
  push('a', 'late');
  t.same(await texts(client, 1), [message('a', 'late', '*')]);
  go();
  t.same(await texts(client, 3), [confirmed('unsubscribe', 'a', 0, '*'), '+PONG\r\n', '$1\r\nx\r\n']);
  await client.close();
});

t.test('CLIENT REPLY OFF: confirmed all the same, once', async (t) => {
  const { client } = await setup(t, 1);
  await subscribe(client, 'a', 'b');
  client.send('CLIENT REPLY OFF\r\nUNSUBSCRIBE a\r\nPING no\r\nUNSUBSCRIBE b\r\nCLIENT REPLY ON\r\n');
  t.same(await texts(client, 3), [confirmed('unsubscribe', 'a', 1), confirmed('unsubscribe', 'b', 0), '+OK\r\n']);
  await client.close();
});

t.test('RESET, QUIT and the end of the client wait behind it', async (t) => {
  const { sites, client, fleet } = await setup(t, 1);
  const { hold, asked } = sites[0] as Site;
  const farewells = [
    ['RESET\r\n', '+RESET\r\n'],
    ['QUIT\r\n', '+OK\r\n'],
  ] as const;
  await client.close();
  for (const [request, reply] of [...farewells, ['', ''] as const]) {
    const leaving = await fleet.connect();
    await leaving.command('HELLO', '3');
    await subscribe(leaving, 'a', 'b');
    asked.length = 0;
    const go = hold();
    leaving.send(`UNSUBSCRIBE a\r\n${request}`);
    if (request === '') leaving.end();
    await until(() => asked.length === 1, 'the node to be asked');
    go();
    await until(
      () =>
        leaving
          .received()
          .toString()
          .endsWith(`${confirmed('unsubscribe', 'a', 1)}${reply}`),
      'confirmation and reply',
    );
    await leaving.close();
  }
  await fleet.conserved();
});

t.test('the client leaves while the node is asked: nothing stays behind', async (t) => {
  const { sites, client, fleet } = await setup(t, 1);
  const { hold, asked } = sites[0] as Site;
  await subscribe(client, 'a', 'b');
  const go = hold();
  client.send('UNSUBSCRIBE a\r\n');
  await until(() => asked.length === 2, 'the node to be asked');
  client.reset();
  await until(async () => (await fleet.metrics()).sum('keyfan_backend_reserved') === 0, 'its connection to be closed');
  go();
  await fleet.conserved();
});

t.test('the connection is lost meanwhile: confirmed, the others come back', async (t) => {
  const { sites, client, fleet } = await setup(t, 1);
  const { node, push, hold, asked } = sites[0] as Site;
  await subscribe(client, 'a', 'b');
  const go = hold();
  client.send('UNSUBSCRIBE a\r\n');
  await until(() => asked.length === 2, 'the node to be asked');
  node.resetAll();
  t.same(await texts(client, 1), [confirmed('unsubscribe', 'a', 1)]);
  go();
  await until(() => asked.length === 3, 'the other to be subscribed to anew');
  t.equal(asked[2], 'subscribe b');
  push('b', 'hello');
  t.same(await texts(client, 1), [message('b', 'hello')]);
  await client.close();
  await fleet.conserved();
});

t.test('a node that is late: confirmed when its time is over, the others come back on another connection', async (t) => {
  const { sites, client, fleet } = await setup(t, 1, { timeouts: { request: '1s' } });
  const { push, hold, asked } = sites[0] as Site;
  await subscribe(client, 'a', 'b');
  const go = hold();
  client.send('UNSUBSCRIBE a\r\nPING behind\r\n');
  t.same(await texts(client, 2), [confirmed('unsubscribe', 'a', 1), '$6\r\nbehind\r\n']);
  go();
  await until(() => asked.length === 3, 'the other to be subscribed to anew');
  for (const name of ['a', 'b']) push(name, 'hello');
  t.same(await texts(client, 1), [message('b', 'hello')]);
  await client.close();
  await fleet.conserved();
});

t.test('the node is down: confirmed at once', async (t) => {
  const { sites, client, fleet } = await setup(t, 1);
  const { node, asked } = sites[0] as Site;
  await subscribe(client, 'a', 'b');
  await node.stop();
  await fleet.waitNode(0, 'not up');
  client.send('UNSUBSCRIBE a\r\nUNSUBSCRIBE\r\nPING\r\n');
  t.same(await texts(client, 3), [confirmed('unsubscribe', 'a', 1), confirmed('unsubscribe', 'b', 0), '+PONG\r\n']);
  t.same(asked, ['subscribe a b']);
  await client.close();
});
