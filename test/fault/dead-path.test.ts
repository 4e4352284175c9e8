import { connect, createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { until, within } from '../support/wait.ts';

/** A way to a node that loses its connections without a word, as a firewall does that forgets them: new ones work. */
class Relay {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  address = '';

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as { port: number };
    this.address = `127.0.0.1:${port}`;
  }

  /** What is open now is heard of no more, but for the first `kept` connections. */
  forget(kept = 0): void {
    for (const socket of [...this.#open].slice(2 * kept)) {
      socket.unpipe();
      socket.pause();
    }
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

async function start(t: Test, more: object = {}): Promise<{ node: RedisNode; relay: Relay; fleet: Fleet }> {
  const node = await startRedis();
  const relay = new Relay(node.port);
  await relay.listen();
  const fleet = await startFleet({ addresses: [relay.address], pool: { timeouts: { request: '300ms', node_idle: '1s' }, ...more } });
  t.teardown(async () => {
    await fleet.stop();
    relay.stop();
    await node.stop();
  });
  return { node, relay, fleet };
}

for (const busy of [true, false]) {
  t.test(`connections that clients have to themselves, ${busy ? 'while others ask the node' : 'while nobody does'}`, async (t) => {
    const { node, relay, fleet } = await start(t);
    const [subscriber, tracker, other] = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect({ deadlineMs: 10_000 })]);
    await subscriber.command('SUBSCRIBE', 'news');
    await tracker.pipeline([
      ['HELLO', '3'],
      ['CLIENT', 'TRACKING', 'ON'],
      ['GET', 'k'],
    ]);
    relay.forget();
    if (busy) await until(async () => (await other.command('SET', 'k', 'v')).text === '+OK\r\n', 'keyfan to serve again');
    await within(tracker.closed, 'the client to be told that it may have missed something');
    await until(async () => {
      await node.call('PUBLISH', 'news', 'again');
      return subscriber.received().includes('again');
    }, 'the subscription to be back');
    t.equal((await fleet.metrics()).sum('keyfan_subscriptions_lost_total'), 1);
    await Promise.all([subscriber.close(), other.close()]);
  });
}

t.test('a connection where all is well is left alone', async (t) => {
  const { node, fleet } = await start(t);
  const subscriber = await fleet.connect();
  await subscriber.command('SUBSCRIBE', 'news');
  const probes = async () => Number(/cmdstat_client\|id:calls=(\d+)/.exec(String(await node.call('INFO', 'commandstats')))?.[1] ?? 0);
  const before = await probes();
  await until(async () => (await probes()) >= before + 2, 'it to be asked twice');
  await node.call('PUBLISH', 'news', 'still here');
  await until(() => subscriber.received().includes('still here'), 'the message');
  const metrics = await fleet.metrics();
  t.same([metrics.sum('keyfan_subscriptions_lost_total'), metrics.sum('keyfan_backend_reconnects_total')], [0, 0]);
  await subscriber.close();
  await fleet.conserved();
});

t.test('connections of clients that are dead say nothing of a node that serves on the shared one: it is not ejected', async (t) => {
  const { relay, fleet } = await start(t, { auto_eject: { enabled: true, failures: 2, retry: '60s' } });
  const client = await fleet.connect();
  const subscribers = await Promise.all(Array.from({ length: 6 }, () => fleet.connect()));
  for (const subscriber of subscribers) await subscriber.command('SUBSCRIBE', 'news');
  relay.forget(1);
  await until(async () => (await fleet.metrics()).sum('keyfan_subscriptions_lost_total') === 6, 'all to be given up');
  t.equal((await client.command('SET', 'k', 'v')).text, '+OK\r\n');
  t.equal((await fleet.metrics()).sum('keyfan_topology_version'), 1);
  await Promise.all([client, ...subscribers].map((each) => each.close()));
});
