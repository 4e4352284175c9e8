import t, { type Test } from 'tap';
import { startFleet } from '../support/fleet.ts';
import { startRedis } from '../support/redis.ts';
import { encode } from '../support/resp.ts';
import { connectResp, type RespClient } from '../support/resp-client.ts';
import { until } from '../support/wait.ts';

/** Requests that keyfan carries out in several steps, or by itself, and what a client has pipelined around them: as with one Redis. */

const [fleet, plain] = await Promise.all([startFleet({ pool: { timeouts: { request: '20s' } } }), startRedis()]);
t.teardown(() => Promise.all([fleet.stop(), plain.stop()]));
const a = fleet.keyOn(0);

/** On keyfan and on one Redis. */
async function onBoth(t: Test, test: (t: Test, connect: () => Promise<RespClient>, name: string) => Promise<void>): Promise<void> {
  await test(t, () => fleet.connect(), 'keyfan');
  await test(t, () => connectResp(plain.port), 'Redis');
}

t.test('RANDOMKEY finds what was there before what follows it', async (t) => {
  await onBoth(t, async (t, connect, name) => {
    const client = await connect();
    for (let i = 0; i < 20; i++) {
      await client.command('SET', a, '1');
      const replies = await client.pipeline([['RANDOMKEY'], ['FLUSHALL'], ['DBSIZE']]);
      t.same(
        replies.map(({ value }) => value),
        [a, 'OK', 0],
        name,
      );
    }
    await client.close();
  });
});

t.test('whoever kills itself reads the answer, and what follows is not handled', async (t) => {
  await onBoth(t, async (t, connect, name) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const id = (await client.command('CLIENT', 'ID')).value as number;
    client.send(Buffer.concat([encode(['CLIENT', 'KILL', 'ID', String(id), 'SKIPME', 'no']), encode(['SET', a, 'written'])]));
    t.match((await client.waitClosed()).toString(), /:1\r\n$/, name);
    t.not((await other.command('GET', a)).value, 'written', name);
    await other.close();
  });
});

t.test('UNBLOCK stands between what was sent before and behind it', async (t) => {
  const queue = `{${a}}queue`;
  await onBoth(t, async (t, connect, name) => {
    for (let i = 0; i < 20; i++) {
      const [waiting, other] = await Promise.all([connect(), connect()]);
      await waiting.command('HELLO', '3');
      const id = (await waiting.command('CLIENT', 'ID')).value as number;
      const reply = waiting.command('BLPOP', queue, '0');
      await until(async () => String((await other.command('CLIENT', 'LIST', 'ID', id)).value).includes('flags=b'), 'it to be blocked');
      const replies = await other.pipeline([
        ['SET', a, 'x'],
        ['CLIENT', 'UNBLOCK', id, 'ERROR'],
        ['RPUSH', queue, 'x'],
        ['DEL', queue],
      ]);
      t.same(
        [(await reply).text, ...replies.map(({ text }) => text)],
        ['-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n', '+OK\r\n', ':1\r\n', ':1\r\n', ':1\r\n'],
        name,
      );
      await Promise.all([waiting.close(), other.close()]);
    }
  });
});

t.test('KILL and QUIT end subscriptions for what follows', async (t) => {
  await onBoth(t, async (t, connect, name) => {
    for (const end of ['KILL', 'QUIT']) {
      for (let i = 0; i < 10; i++) {
        const [subscriber, other] = await Promise.all([connect(), connect()]);
        const id = (await subscriber.command('CLIENT', 'ID')).value as number;
        await subscriber.command('SUBSCRIBE', 'news');
        if (end === 'QUIT') {
          subscriber.send('QUIT\r\n');
          await subscriber.read(1);
          t.equal((await other.command('CLIENT', 'LIST', 'ID', id)).value, '', `${name}: it is gone`);
        } else {
          const [published] = await other.pipeline([
            ['PUBLISH', 'news', 'bye'],
            ['CLIENT', 'KILL', 'ID', id],
          ]);
          t.equal(published?.value, 1, `${name}: it was there until then`);
        }
        await until(async () => (await other.command('PUBLISH', 'news', 'x')).value === 0, 'nobody to be subscribed');
        await Promise.all([subscriber.close(), other.close()]);
      }
    }
  });
});

t.test('a script that has written: SCRIPT KILL and FUNCTION KILL say so, though the other nodes have nothing to kill', async (t) => {
  const small = await startFleet({ args: ['--busy-reply-threshold', '10'], pool: { timeouts: { request: '20s' } } });
  const [busy, killer] = await Promise.all([small.connect({ deadlineMs: 20_000 }), small.connect({ deadlineMs: 20_000 })]);
  const script = "redis.call('SET', KEYS[1], 1) local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 2 do end return 1";
  const reply = busy.command('EVAL', script, '1', small.keyOn(2));
  for (const command of ['SCRIPT', 'FUNCTION']) {
    await until(async () => /^-UNKILLABLE /.test((await killer.command(command, 'KILL')).text), `${command} KILL to tell`);
  }
  t.equal((await reply).text, ':1\r\n');
  t.match((await killer.command('SCRIPT', 'KILL')).text, /^-NOTBUSY /);
  await Promise.all([busy.close(), killer.close()]);
  await small.stop();
});

t.test('a transaction of more commands than may be in flight is carried out', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_in_flight: 1000 } } });
  const client = await small.connect({ deadlineMs: 20_000 });
  const count = 3000;
  const replies = await client.pipeline([['MULTI'], ...Array.from({ length: count }, () => ['INCR', 'k']), ['EXEC']]);
  t.equal((replies.at(-1)?.value as unknown[] | undefined)?.at(-1), count);
  const scripted = await client.pipeline([
    ['MULTI'],
    ['EVAL', 'return 1', '1', 'k'],
    ...Array.from({ length: count }, () => ['INCR', 'k']),
    ['EXEC'],
  ]);
  t.equal((scripted.at(-1)?.value as unknown[] | undefined)?.at(-1), 2 * count, 'with a script, and the fence behind it');
  await client.close();
  await small.conserved();
  await small.stop();
});

t.test('what keyfan says behind a request is said, whatever the limits are', async (t) => {
  const small = await startFleet({ nodes: 1, pool: { limits: { node_in_flight: 16, node_queued: '1mb' } } });
  const [client, other] = await Promise.all([small.connect({ deadlineMs: 20_000 }), small.connect()]);
  t.equal((await client.command('EVAL', 'return #ARGV[1]', '1', 'k', 'v'.repeat(4_000_000))).text, ':4000000\r\n', 'the fence');
  await client.pipeline([['WATCH', 'k'], ...Array.from({ length: 40 }, () => ['GET', 'k']), ['UNWATCH']]);
  await client.close();
  await other.command('SET', 'k', 'changed');
  t.equal((await other.pipeline([['MULTI'], ['EVAL', 'return 1', '1', 'k'], ['EXEC']])).at(-1)?.text, '*1\r\n:1\r\n', 'UNWATCH');
  await other.close();
  await small.conserved();
  await small.stop();
});
