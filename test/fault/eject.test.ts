import t from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import type { RespClient } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';

const version = async (fleet: Fleet): Promise<number> => (await fleet.metrics()).sum('keyfan_topology_version');
const set = async (client: RespClient, key: string): Promise<string> => (await client.command('SET', key, 'v')).text;
const pool = { timeouts: { request: '200ms' }, reconnect: { min: '10ms', max: '30ms' } } as const;

t.test('off by default: the keys of a dead node stay its keys', async (t) => {
  const fleet = await startFleet({ pool });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await fleet.nodes[0]?.kill();
  await fleet.waitNode(0, 'not up');
  // Many failed attempts to reconnect go by.
  for (let i = 0; i < 200; i++) t.match(await set(client, fleet.keyOn(0)), /^-ERR keyfan: (node a is down|connection to node a)/);
  t.equal(await version(fleet), 1);
  t.equal(await fleet.nodes[1]?.call('EXISTS', fleet.keyOn(0)), 0);
  t.equal(await fleet.nodes[2]?.call('EXISTS', fleet.keyOn(0)), 0);
});

t.test('on: ejected after failures, its keys move to the others, and home again when it is back', async (t) => {
  const fleet = await startFleet({ pool: { ...pool, auto_eject: { enabled: true, failures: 3, retry: '50ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const key = fleet.keyOn(0);
  await set(client, fleet.keyOn(1));
  await fleet.nodes[0]?.kill();
  await until(async () => (await set(client, key)) === '+OK\r\n', 'the key to move');
  t.equal(await version(fleet), 2);
  const moved = await Promise.all(fleet.nodes.slice(1).map((node) => node.call('EXISTS', key)));
  t.same([...moved].sort(), [0, 1]);
  t.equal((await client.command('GET', fleet.keyOn(1))).value, 'v');
  t.equal(
    (await client.command('MSET', key, '1', fleet.keyOn(1), '2', fleet.keyOn(2), '3')).text,
    '+OK\r\n',
    'requests of many keys are whole again',
  );

  await fleet.nodes[0]?.restart();
  await until(async () => (await version(fleet)) === 3, 'the node to be readmitted');
  t.equal((await client.command('GET', key)).value, null, 'its keys are looked for at home');
  t.equal(await set(client, key), '+OK\r\n');
  t.equal(await fleet.nodes[0]?.call('EXISTS', key), 1);
  await client.close();
  await fleet.conserved();
});

t.test('a paused node is ejected too, and readmitted only after PING, not when its time is over', async (t) => {
  const fleet = await startFleet({
    pool: { ...pool, timeouts: { request: '100ms', node_idle: '60s' }, auto_eject: { enabled: true, failures: 1, retry: '10ms' } },
  });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const key = fleet.keyOn(0);
  await fleet.nodes[0]?.pause();
  t.match(await set(client, key), /^-ERR keyfan: node a did not answer in time/);
  await until(async () => (await set(client, key)) === '+OK\r\n', 'the key to move');
  // The time of `retry` is long over after each of these.
  for (let i = 0; i < 100; i++) t.equal(await set(client, key), '+OK\r\n');
  t.equal(await version(fleet), 2);
  fleet.nodes[0]?.resume();
  await until(async () => (await version(fleet)) === 3, 'the node to be readmitted');
  t.equal(await set(client, key), '+OK\r\n');
  t.equal(await fleet.nodes[0]?.call('EXISTS', key), 1);
  await fleet.conserved();
});

t.test('a paused node is ejected also where one client asks at a time', async (t) => {
  const auto_eject = { enabled: true, failures: 3, retry: '10ms' };
  const fleet = await startFleet({ pool: { ...pool, timeouts: { request: '100ms', node_idle: '60s' }, auto_eject } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await fleet.nodes[0]?.pause();
  t.match(await set(client, fleet.keyOn(0)), /^-ERR keyfan: node a did not answer in time/);
  await until(async () => (await set(client, fleet.keyOn(0))) === '+OK\r\n', 'the key to move');
  await client.close();
});

t.test('every node ejected: an error that says so, and recovery', async (t) => {
  const fleet = await startFleet({ nodes: 2, pool: { ...pool, auto_eject: { enabled: true, failures: 2, retry: '10ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await Promise.all(fleet.nodes.map((node) => node.kill()));
  const none = '-ERR keyfan: no node of this pool is in service; the command was not executed\r\n';
  await until(async () => (await set(client, 'k')) === none, 'no node to be left');
  t.equal((await client.command('MGET', 'a', 'b')).text, none);
  t.equal((await client.command('DEL', 'a', 'b')).text, none);
  t.equal((await client.command('SINTER', '{a}1', '{a}2')).text, none);
  await Promise.all(fleet.nodes.map((node) => node.restart()));
  await until(async () => (await version(fleet)) === 5, 'both to be readmitted');
  t.equal(await set(client, 'k'), '+OK\r\n');
  await client.close();
  await fleet.conserved();
});

t.test('a random pool ejects as well', async (t) => {
  const fleet = await startFleet({ strategy: 'random', pool: { ...pool, auto_eject: { enabled: true, failures: 2, retry: '10ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  await fleet.nodes[0]?.kill();
  await until(async () => (await version(fleet)) === 2, 'the node to be ejected');
  await set(client, 'k');
  t.equal((await client.command('DEL', 'k')).text, ':1\r\n', 'DEL goes to those in service');
  await fleet.nodes[0]?.restart();
  await until(async () => (await version(fleet)) === 3, 'the node to be readmitted');
});

t.test('refused for slots', async (t) => {
  await t.rejects(startFleet({ strategy: 'slots', addresses: ['127.0.0.1:1'], waitUp: false, pool: { auto_eject: true } }), /auto_eject/);
});

t.test('a node leaves or comes back: clients that track keys are disconnected, as these are elsewhere now', async (t) => {
  const fleet = await startFleet({ pool: { ...pool, auto_eject: { enabled: true, failures: 1, retry: '50ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const tracking = async () => {
    const tracker = await fleet.connect();
    await tracker.pipeline([
      ['HELLO', '3'],
      ['CLIENT', 'TRACKING', 'ON'],
    ]);
    return tracker;
  };
  const [first, other] = [await tracking(), await fleet.connect()];
  // Frozen, so that no connection to it is lost.
  await fleet.nodes[0]?.pause();
  await set(client, fleet.keyOn(0));
  await within(first.closed, 'the client to be disconnected');
  const second = await tracking();
  t.equal((await second.command('GET', fleet.keyOn(0))).text, '_\r\n', 'the key is looked for elsewhere');
  fleet.nodes[0]?.resume();
  await within(second.closed, 'the client to be disconnected again');
  t.equal((await other.command('PING')).text, '+PONG\r\n', 'others are not');
  await Promise.all([client.close(), other.close()]);
});

t.test('an ejected node is not in service, though it may be back', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { ...pool, auto_eject: { enabled: true, failures: 1, retry: '60s' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const up = async () => (await fleet.metrics()).sum('keyfan_backend_up');
  t.same([await up(), (await fleet.readiness()).status], [1, 200]);
  await fleet.nodes[0]?.kill();
  await until(async () => (await set(client, 'k')).includes('no node of this pool is in service'), 'it to be ejected');
  await fleet.nodes[0]?.restart();
  await until(async () => /state\r\n\$7\r\nejected/.test((await client.command('KEYFAN', 'NODES')).text), 'KEYFAN NODES to say so');
  t.same([await up(), (await fleet.readiness()).status], [0, 503]);
  await client.close();
});

t.test('a node leaves or comes back: transactions whose keys were named before fail, blocked clients hear of it', async (t) => {
  const fleet = await startFleet({ pool: { ...pool, auto_eject: { enabled: true, failures: 1, retry: '50ms' } } });
  t.teardown(() => fleet.stop());
  const [client, queues, watches, blocks, remains] = await Promise.all([1, 2, 3, 4, 5].map(() => fleet.connect({ deadlineMs: 20_000 })));
  const [stays, leaves] = [fleet.keyOn(1), fleet.keyOn(0)];
  const [multi, watched, blocked] = [queues, watches, blocks] as [RespClient, RespClient, RespClient];
  await multi.pipeline([['MULTI'], ['SET', leaves, 'v']]);
  await watched.pipeline([['WATCH', stays], ['MULTI'], ['SET', stays, 'v']]);
  const waits = blocked.command('BLPOP', `{${leaves}}list`, '0');
  await until(async () => /blocked_clients:1/.test(String(await fleet.nodes[0]?.call('INFO', 'clients'))), 'it to be blocked');
  const goesOn = (remains as RespClient).command('BLPOP', `{${stays}}list`, '0');
  await until(async () => /blocked_clients:1/.test(String(await fleet.nodes[1]?.call('INFO', 'clients'))), 'the other one, too');
  await fleet.nodes[0]?.pause();
  await until(async () => (await set(client as RespClient, leaves)) === '+OK\r\n', 'the key to move');
  t.match((await waits).text, /^-ERR keyfan: connection to node a was lost; the command may have been executed/);
  await fleet.nodes[0]?.resume();
  for (const each of [multi, watched]) {
    t.match((await each.command('EXEC')).text, /^-EXECABORT Transaction discarded because of: nodes have left or joined the pool/);
    t.match((await each.command('EXEC')).text, /^-ERR EXEC without MULTI/);
  }
  await (client as RespClient).command('RPUSH', `{${stays}}list`, 'x');
  t.same((await goesOn).value, [`{${stays}}list`, 'x'], 'whose key stays goes on waiting');
  const again = await multi.pipeline([['MULTI'], ['SET', stays, 'w'], ['EXEC']]);
  t.equal(again.at(-1)?.text, '*1\r\n+OK\r\n');
});
