import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { until } from '../support/wait.ts';

/** What applications do with Redis, on three nodes, whatever places the keys. */
for (const strategy of ['ring', 'modulo', 'slots'] as const) {
  t.test(`ioredis with its defaults, ${strategy}`, async (t) => {
    const fleet = await startFleet({ strategy, pool: { client_password: 'sesame' } });
    const redis = new Redis({ port: fleet.port, password: 'sesame' });
    t.same(await redis.multi().set('{a}x', '1').incr('{a}x').exec(), [
      [null, 'OK'],
      [null, 2],
    ]);
    const keys = [0, 1, 2].map((node) => fleet.keyOn(node));
    await t.rejects(keys.reduce((multi, key) => multi.set(key, '1'), redis.multi()).exec(), /EXECABORT|CROSSSLOT/);
    redis.defineCommand('mine', { numberOfKeys: 1, lua: 'return redis.call("incr", KEYS[1])' });
    const own = redis as Redis & { mine(key: string): Promise<number> };
    for (const key of keys) t.equal(await own.mine(key), 1);

    const subscriber = redis.duplicate();
    const heard: string[] = [];
    subscriber.on('message', (channel: string) => heard.push(channel));
    subscriber.on('pmessage', (pattern: string, channel: string) => heard.push(`${pattern} ${channel}`));
    await subscriber.subscribe(...keys);
    await subscriber.psubscribe('key:*');
    for (const key of keys) t.equal(await redis.publish(key, 'hi'), 2);
    await until(() => heard.length === 6, 'all messages');

    for (let i = 0; i < 30; i++) await redis.set(`scan:${i}`, i);
    const scanned: string[] = [];
    for await (const some of redis.scanStream({ match: 'scan:*', count: 3 })) scanned.push(...(some as string[]));
    t.equal(new Set(scanned).size, 30);
    const waiting = redis.duplicate();
    const popped = waiting.blpop('list', 5);
    await until(async () => / flags=b /.test(String(await redis.client('LIST'))), 'a client to be blocked');
    await redis.rpush('list', 'v');
    t.same(await popped, ['list', 'v']);
    for (const key of keys) await redis.xadd(`stream:${key}`, '1-1', 'a', 'b');
    t.equal((await redis.xread('STREAMS', ...keys.map((key) => `stream:${key}`), ...keys.map(() => '0')))?.length, 3);
    await redis.select(2);
    t.equal(await redis.get('scan:1'), null);
    t.match(await redis.info('keyspace'), /db0:keys=\d+/);
    for (const client of [redis, subscriber, waiting]) client.disconnect();
    await fleet.stop();
  });

  t.test(`node-redis with its defaults and a cache of its own, ${strategy}`, async (t) => {
    const fleet = await startFleet({ strategy });
    const url = `redis://127.0.0.1:${fleet.port}`;
    const keys = [0, 1, 2].map((node) => fleet.keyOn(node));
    const cached = createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 100 } });
    const client = createClient({ url });
    const subscriber = client.duplicate();
    for (const each of [cached, client, subscriber]) await each.connect();
    for (const key of keys) {
      await client.set(key, '1');
      t.equal(await cached.get(key), '1');
      await client.set(key, '2');
      await until(async () => (await cached.get(key)) === '2', 'the cached value to go');
    }
    t.same(await client.multi().set('{z}a', '1').get('{z}a').exec(), ['OK', '1']);
    await client.watch('{z}a');
    await cached.set('{z}a', 'other');
    await t.rejects(client.multi().set('{z}a', '1').exec());
    const heard: string[] = [];
    await subscriber.subscribe(keys, (_message, channel) => heard.push(channel));
    await subscriber.pSubscribe('key:*', (_message, channel) => heard.push(channel));
    await subscriber.sSubscribe('shard', (_message, channel) => heard.push(channel));
    for (const key of keys) await client.publish(key, '1');
    await client.sPublish('shard', '1');
    await until(() => heard.length === 7, 'all messages');
    let count = 0;
    for await (const some of client.scanIterator({ MATCH: 'key:*' })) count += some.length;
    t.equal(count, 3);
    t.equal((await client.clientList()).length, 3);
    t.equal(await client.aclWhoAmI(), 'default');
    for (const each of [cached, client, subscriber]) each.destroy();
    await fleet.stop();
  });
}
