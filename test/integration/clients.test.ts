import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { within } from '../support/wait.ts';

const fleet = await startFleet();
t.teardown(() => fleet.stop());

const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

/** Runs a program with `input` on its stdin; resolves with its output and exit code. */
function run(file: string, args: readonly string[], input: Buffer): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
    child.stdin.end(input);
  });
}

const cli = (args: readonly string[], input = ''): Promise<{ code: number | null; out: string }> =>
  run('redis-cli', ['-2', '-p', String(fleet.port), ...args], Buffer.from(input));

t.test('ioredis', async (t) => {
  const redis = new Redis(fleet.port, '127.0.0.1', { protocol: 2, connectionName: 'io', lazyConnect: true, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  t.teardown(() => redis.disconnect());
  await redis.connect();
  t.equal(await redis.set('io:a', 'x', 'EX', 1000), 'OK');
  t.equal(await redis.get('io:a'), 'x');
  t.equal(await redis.call('CLIENT', 'GETNAME'), 'io');
  t.same(await redis.mget('io:a', 'nosuch'), ['x', null]);
  await redis.hset('io:h', { f: '1', g: '2' });
  t.same(await redis.hgetall('io:h'), { f: '1', g: '2' });
  t.same(await redis.zadd('io:z', '1', 'one', '2', 'two'), 2);
  t.same(await redis.call('ZRANGE', 'io:z', 0, -1, 'WITHSCORES'), ['one', '1', 'two', '2']);
  const pipeline = redis.pipeline();
  for (let i = 0; i < 300; i++) pipeline.set(`io:p:${i}`, `v${i}`).get(`io:p:${i}`);
  const results = (await pipeline.exec()) as [Error | null, unknown][];
  t.same(
    results.map(([error, value]) => error ?? value),
    results.map((_, i) => (i % 2 === 0 ? 'OK' : `v${Math.floor(i / 2)}`)),
  );
  const value = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) & 255));
  await redis.set('io:big', value);
  t.ok((await redis.getBuffer('io:big'))?.equals(value));
  await t.rejects(redis.call('SHUTDOWN'), { message: /keyfan: 'shutdown' is not supported/ });
  t.equal(await redis.del('io:a', 'io:h', 'io:z', 'io:big'), 4);
  t.equal(await redis.quit(), 'OK');
});

t.test('node-redis', async (t) => {
  const client = createClient({ socket: { host: '127.0.0.1', port: fleet.port }, RESP: 2, name: 'nr' });
  client.on('error', () => {});
  await client.connect();
  t.teardown(() => {
    if (client.isOpen) client.destroy();
  });
  t.equal(await client.set('nr:a', 'x'), 'OK');
  t.equal(await client.get('nr:a'), 'x');
  t.equal(await client.clientGetName(), 'nr');
  await client.hSet('nr:h', { f: '1' });
  t.strictSame({ ...(await client.hGetAll('nr:h')) }, { f: '1' });
  t.same(await client.mGet(['nr:a', 'nosuch', 'nr:a']), ['x', null, 'x']);
  t.equal(await client.xAdd('nr:x', '1-1', { f: 'v' }), '1-1');
  t.same(
    ((await client.xRange('nr:x', '-', '+')) ?? []).map(({ id, message }) => ({ id, message: { ...message } })),
    [{ id: '1-1', message: { f: 'v' } }],
  );
  const values = await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`nr:${i}`, `v${i}`).then(() => client.get(`nr:${i}`))));
  t.same(
    values,
    values.map((_, i) => `v${i}`),
  );
  t.equal(await client.del(Array.from({ length: 500 }, (_, i) => `nr:${i}`)), 500);
  await t.rejects(client.sInter(['nr:a', fleet.keyOn((fleet.nodeOf('nr:a') + 1) % 3)]), { message: /^CROSSSLOT/ });
  await client.close();
});

t.test('redis-cli', async (t) => {
  t.same(await cli(['SET', 'cli', 'value']), { code: 0, out: 'OK\n' });
  t.same(await cli(['--no-raw', 'GET', 'cli']), { code: 0, out: '"value"\n' });
  t.same(await cli(['-n', '0', 'DEL', 'cli', 'nosuch']), { code: 0, out: '1\n' });
  t.match((await cli([], 'SET a 1\nGET a\nNOSUCH\nPING\n')).out, /^OK\n1\nERR unknown command 'NOSUCH'[^\n]*\n\nPONG\n$/);
});

t.test('row 21: redis-cli --pipe of 50,000 commands', async (t) => {
  const commands = Array.from({ length: 50_000 }, (_, i) => encode(['SET', `pipe:${i}`, `value ${i}`]));
  const { code, out } = await run('redis-cli', ['-2', '-p', String(fleet.port), '--pipe'], Buffer.concat(commands));
  t.match(out, /errors: 0, replies: 50000\n/);
  t.equal(code, 0);
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const picked = Array.from({ length: 500 }, (_, i) => i * 100 + 7);
  t.same(
    (await client.command('MGET', ...picked.map((i) => `pipe:${i}`))).value,
    picked.map((i) => `value ${i}`),
  );
  const sizes = (await Promise.all(fleet.nodes.map((node) => node.call('EVAL', "return #redis.call('KEYS','pipe:*')", '0')))) as number[];
  t.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    50_000,
  );
  await client.close();
});

/** Sends `bytes` on a connection of its own and resolves with the digest of the first `size` bytes that come back. */
function exchange(bytes: Buffer, size: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: fleet.port });
  const hash = createHash('sha1');
  let received = 0;
  const answer = new Promise<string>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${received} of ${size} bytes`)));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      hash.update(chunk);
      if (received >= size) resolve(received === size ? hash.digest('hex') : `${received - size} bytes too many`);
    });
    socket.write(bytes);
  });
  return within(answer, () => `${size} bytes, got ${received}`, 30_000).finally(() => socket.destroy());
}

const bulk = (value: Buffer): Buffer => Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);

t.test('values of nothing to 20 MB, both ways, alone, in a pipeline and split', async (t) => {
  const sizes = [0, 1, 100, 1000, 4095, 4096, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 1_000_000, 5_000_001, 20_000_000];
  const values = sizes.map((size, n) => Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => (i * 31 + n) & 255))));
  const keys = sizes.map((_, n) => `big:${n}`);
  const check = async (name: string, request: Buffer, reply: Buffer): Promise<void> => {
    t.equal(await exchange(request, reply.length), digest(reply), name);
  };
  for (const [n, value] of values.entries()) {
    await check(`SET of ${value.length} bytes`, encode(['SET', `big:${n}`, value]), Buffer.from('+OK\r\n'));
    await check(`GET of ${value.length} bytes`, encode(['GET', `big:${n}`]), bulk(value));
  }
  await check('GET of all in one pipeline', Buffer.concat(keys.map((key) => encode(['GET', key]))), Buffer.concat(values.map(bulk)));
  await check('MGET', encode(['MGET', ...keys]), Buffer.concat([Buffer.from(`*${keys.length}\r\n`), ...values.map(bulk)]));
  const copies = keys.map((_, n) => `copy:${n}`);
  const mset = encode(['MSET', ...copies.flatMap((key, n) => [key, values[n] as Buffer])]);
  await check(
    'MSET, GET and GET in one pipeline',
    Buffer.concat([mset, encode(['GET', 'copy:14']), encode(['GET', 'copy:0'])]),
    Buffer.concat([Buffer.from('+OK\r\n'), bulk(values[14] as Buffer), bulk(values[0] as Buffer)]),
  );
  await check('MGET of the copies', encode(['MGET', ...copies]), Buffer.concat([Buffer.from(`*${keys.length}\r\n`), ...values.map(bulk)]));
  await check('DEL', encode(['DEL', ...keys, ...copies]), Buffer.from(`:${2 * keys.length}\r\n`));
});

t.test('200 clients at once, every value checked', async (t) => {
  const wrong: string[] = [];
  const clients = await Promise.all(Array.from({ length: 200 }, () => fleet.connect({ deadlineMs: 60_000 })));
  await Promise.all(
    clients.map(async (client, c) => {
      for (let round = 0; round < 10; round++) {
        const keys = Array.from({ length: 10 }, (_, i) => `many:${c}:${(round * 7 + i) % 30}`);
        const commands = keys.flatMap((key) => [
          ['SET', key, `${key}=${round}`],
          ['GET', key],
          ['ECHO', `${c}/${round}`],
        ]);
        const replies = await client.pipeline(commands);
        const wanted = keys.flatMap((key) => ['OK', `${key}=${round}`, `${c}/${round}`]);
        replies.forEach((reply, i) => {
          if (reply.value !== wanted[i]) wrong.push(`client ${c}, round ${round}: ${reply.text} is not ${wanted[i]}`);
        });
      }
    }),
  );
  t.same(wrong.slice(0, 5), []);
  await Promise.all(clients.map((client) => client.close()));
});

t.test('a request cut at every offset, with a key longer than a packet', async (t) => {
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const key = `long:${'k'.repeat(600)}`;
  const bytes = encode(['SET', key, 'v'.repeat(50)]);
  for (let cut = 1; cut < bytes.length; cut += 3) {
    client.send(bytes.subarray(0, cut));
    // The first part has gone out before the second one is written.
    await new Promise((resolve) => client.socket.write('', resolve));
    client.send(bytes.subarray(cut));
    const [reply] = await client.read(1);
    if (reply?.text !== '+OK\r\n') t.fail(`cut at ${cut}: ${reply?.text}`);
  }
  t.equal(await fleet.nodes[fleet.nodeOf(key)]?.call('STRLEN', key), 50, 'on the node that owns it');
  await client.close();
});

t.test('nothing is left in flight', () => fleet.conserved());
