import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { deafClient } from '../support/deaf-client.ts';
import { type Fleet, healthy, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { gate, startScriptedNode } from '../support/scripted-node.ts';
import { until, within } from '../support/wait.ts';

const MIB = 1024 * 1024;
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes of which no two stretches are alike. */
function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i);
  return bytes;
}

/** The next `size` bytes that come, hashed. */
function readDigest(socket: Socket, size: number): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  const done = new Promise<string>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      read += chunk.length;
      if (read >= size) resolve(hash.digest('hex'));
    });
  });
  socket.resume();
  return within(done, () => `${size} bytes, got ${read}`, 30_000);
}

const disconnects = async (fleet: Fleet, reason: string): Promise<number> =>
  (await fleet.metrics()).sum('keyfan_clients_disconnected_total', { reason });
const buffered = async (fleet: Fleet): Promise<number> => (await fleet.metrics()).sum('keyfan_buffered_bytes');

t.test('a large reply reaches its client before the node has sent all of it', async (t) => {
  const open = gate();
  const body = pattern(MIB);
  const node = await startScriptedNode(
    healthy(async ({ connection }) => {
      connection.write(Buffer.concat([Buffer.from(`$${MIB}\r\n`), body.subarray(0, MIB / 2)]));
      await open.promise;
      return Buffer.concat([body.subarray(MIB / 2), Buffer.from('\r\n')]);
    }),
  );
  const fleet = await startFleet({ addresses: [node.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const client = await fleet.connect();
  client.send(encode(['GET', 'k']));
  await until(() => client.received().length > MIB / 4, 'a part of the reply');
  open.open();
  const [reply] = await client.read(1);
  t.equal(digest(reply?.raw as Buffer), digest(Buffer.concat([Buffer.from(`$${MIB}\r\n`), body, Buffer.from('\r\n')])));
  await client.close();
  await fleet.conserved();
});

t.test('a large reply that breaks off closes its client, and no other', async (t) => {
  const node = await startScriptedNode(
    healthy(({ args, connection }) => {
      if (args[1] === 'small') return '$1\r\nx\r\n';
      connection.write(`$${MIB}\r\n${'v'.repeat(MIB / 2)}`);
      connection.end();
      return undefined;
    }),
  );
  const fleet = await startFleet({ addresses: [node.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const [cut, other] = [await fleet.connect(), await fleet.connect()];
  cut.send(encode(['GET', 'large']));
  const got = await cut.waitClosed();
  t.ok(got.length < MIB && !got.includes('ERR'), 'nothing that could be taken for the rest of the value');
  t.equal(await disconnects(fleet, 'cut_off'), 1);
  await fleet.waitNode(0, 'up');
  t.equal((await other.command('GET', 'small')).text, '$1\r\nx\r\n');
  await other.close();
  await fleet.conserved();
});

t.test('a client that does not take a huge reply delays nobody, and costs little', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '60s' } } });
  t.teardown(() => fleet.stop());
  const value = pattern(64 * MIB);
  const writer = await fleet.connect({ deadlineMs: 30_000 });
  t.equal((await writer.command('SET', 'huge', value)).text, '+OK\r\n');
  const slow = await deafClient(fleet);
  slow.write(encode(['GET', 'huge']));
  await until(async () => (await buffered(fleet)) > 0, 'the reply to pile up');
  t.equal((await fleet.metrics()).sum('keyfan_backend_leases'), 1, 'on a connection of its own now');
  for (let i = 0; i < 20; i++) t.equal((await writer.command('STRLEN', 'huge')).text, `:${value.length}\r\n`);
  t.ok((await buffered(fleet)) < 16 * MIB, 'most of it still lies with the node');
  const reply = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
  t.equal(await readDigest(slow, reply.length), digest(reply), 'and what it takes at last is right');
  slow.destroy();
  await writer.close();
  await fleet.conserved();
  await until(async () => (await buffered(fleet)) === 0, 'nothing to be held any more');
});

t.test('while bulk replies come, newcomers keep nobody waiting who is known', async (t) => {
  const open = gate();
  const node = await startScriptedNode(
    healthy(async ({ args }) => {
      if (args[1] === 'bulk') return `$${MIB}\r\n${'v'.repeat(MIB)}\r\n`;
      if (args[1] === 'held') await open.promise;
      return '$1\r\nx\r\n';
    }),
  );
  const fleet = await startFleet({ addresses: [node.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const [known, bulk, first, second] = await Promise.all([fleet.connect(), fleet.connect(), fleet.connect(), fleet.connect()]);
  await known.command('GET', 'k');
  await bulk.command('GET', 'bulk');
  const before = node.accepted;
  await first.command('GET', 'k');
  await until(() => node.accepted > before, 'a connection for newcomers');
  await until(async () => (await (await fleet.connect()).command('GET', 'k')) && aside(), 'it to be used');
  second.send(Buffer.concat([encode(['GET', 'held']), encode(['GET', 'k'])]));
  await until(() => node.requests.some(({ args }) => args[1] === 'held'), 'the newcomer’s request');
  t.equal((await known.command('GET', 'k')).text, '$1\r\nx\r\n', 'its own is answered before');
  t.equal(node.requests.at(-1)?.connection.id, node.requests[0]?.connection.id);
  open.open();
  await second.read(2);
  t.equal(node.requests.at(-1)?.connection.id, node.requests[0]?.connection.id, 'who was answered is known');
  await fleet.conserved();

  function aside(): boolean {
    return node.requests.at(-1)?.connection.id !== node.requests[0]?.connection.id;
  }
});

t.test('of many newcomers at once only a few are sent to a node before it has answered', async (t) => {
  const open = gate();
  const node = await startScriptedNode(
    healthy(async ({ args }) => {
      if (args[1] === 'bulk') return `$${MIB}\r\n${'v'.repeat(MIB)}\r\n`;
      await open.promise;
      return `$${args[1]?.length}\r\n${args[1]}\r\n`;
    }),
  );
  const fleet = await startFleet({ addresses: [node.address] });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const bulk = await fleet.connect();
  await bulk.command('GET', 'bulk');
  const clients = await Promise.all(Array.from({ length: 100 }, () => fleet.connect()));
  for (const [i, client] of clients.entries()) client.send(encode(['GET', `held:${i}`]));
  const accepted = async (): Promise<number> => (await fleet.metrics()).sum('keyfan_requests_total', { command: 'get' });
  await until(async () => (await accepted()) === 101, 'all to be accepted');
  const held = (): number => node.requests.filter(({ args }) => args[1]?.startsWith('held:')).length;
  await until(() => held() > 0, 'the first of them');
  t.equal((await bulk.command('PING')).text, '+PONG\r\n');
  t.ok(held() <= 16, `${held()} of 100`);
  open.open();
  const replies = await Promise.all(clients.map((client) => client.read(1)));
  t.same(
    replies.map(([reply]) => reply?.text),
    clients.map((_, i) => `$${`held:${i}`.length}\r\nheld:${i}\r\n`),
  );
  await fleet.conserved();
});

t.test('a client that takes nothing is disconnected', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '200ms' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect();
  await client.command('SET', 'k', Buffer.alloc(MIB, 'v'));
  const deaf = await deafClient(fleet);
  const closed = new Promise((resolve) => deaf.once('close', resolve));
  deaf.write(Buffer.concat(Array.from({ length: 100 }, () => encode(['GET', 'k']))));
  await until(async () => (await disconnects(fleet, 'stalled')) === 1, 'the client to be disconnected');
  t.equal((await client.command('STRLEN', 'k')).text, `:${MIB}\r\n`);
  let left = 0;
  deaf.on('data', ({ length }) => {
    left += length;
  });
  deaf.resume();
  await closed;
  t.ok(left < MIB, `of what was sent it finds what its own side had taken, no more: ${left} bytes`);
  await client.close();
  await fleet.conserved();
});

t.test(
  'a client that takes a little all the time is not: what its side acknowledges counts, not what the kernel takes for it',
  async (t) => {
    const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '2500ms' } } });
    t.teardown(() => fleet.stop());
    const client = await fleet.connect();
    const value = pattern(16 * MIB);
    await client.command('SET', 'k', value);
    const reply = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
    const slow = await deafClient(fleet);
    const whole = readDigest(slow, reply.length);
    slow.pause();
    slow.write(encode(['GET', 'k']));
    // The kernel takes more for it when a third of some megabytes has left: at this pace that takes longer than a client may stall.
    slow.on('data', () => slow.pause());
    for (let i = 0; i < 30; i++) {
      await sleep(200);
      slow.resume();
    }
    t.equal(await disconnects(fleet, 'stalled'), 0);
    slow.on('pause', () => slow.resume());
    slow.resume();
    t.equal(await within(whole, 'the rest of the reply'), digest(reply));
    slow.destroy();
    await client.close();
    await fleet.conserved();
  },
);

t.test('a client that stops in the middle of a request is disconnected; nothing of it is executed', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_request: '200ms' } } });
  t.teardown(() => fleet.stop());
  const whole = encode(['SET', 'half', Buffer.alloc(8 * MIB, 'v')]);
  const starts = [encode(['SET', 'half', 'v']).subarray(0, 10), whole.subarray(0, 100_000), whole.subarray(0, 4 * MIB)];
  for (const start of starts) {
    const client = await fleet.connect();
    client.send(start);
    t.equal((await client.waitClosed()).length, 0, `after ${start.length} bytes`);
  }
  t.equal(await disconnects(fleet, 'request_timeout'), starts.length);
  const client = await fleet.connect();
  t.equal((await client.command('EXISTS', 'half')).text, ':0\r\n');
  await client.close();
  await fleet.conserved();
});

t.test('a client that is killed while it is sent its last replies is gone like any other', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { limits: { client_unsent: '32mb' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  await client.command('SET', 'k', Buffer.alloc(100 * 1024, 'v'));
  const deaf = await deafClient(fleet);
  deaf.write(Buffer.concat([...Array.from({ length: 120 }, () => encode(['GET', 'k'])), encode(['QUIT'])]));
  const list = async (): Promise<string[]> => (await client.command('CLIENT', 'LIST')).text.match(/(?<=\bid=)\d+.*cmd=\w+/g) ?? [];
  const quitting = await until(async () => (await list()).find((line) => line.endsWith('cmd=quit')), 'it to have asked for its end');
  let held = 0;
  await until(async () => {
    const before = held;
    held = await buffered(fleet);
    return held > 0 && held === before;
  }, 'all replies to wait for it');
  t.equal((await client.command('CLIENT', 'KILL', 'ID', quitting.split(' ')[0] as string)).text, ':1\r\n');
  await until(async () => (await list()).length === 1, 'it to be gone');
  t.equal(await disconnects(fleet, 'killed'), 1);
  deaf.destroy();
  await client.close();
  await fleet.conserved();
});

t.test('newcomers whose connection does not answer any more get another one', async (t) => {
  let dead = -1;
  const node = await startScriptedNode(
    healthy(({ args, connection }) => {
      if (connection.id === dead) return undefined;
      return args[1] === 'bulk' ? `$${MIB}\r\n${'v'.repeat(MIB)}\r\n` : '$1\r\nx\r\n';
    }),
  );
  const fleet = await startFleet({ addresses: [node.address], pool: { timeouts: { request: '300ms', node_idle: '1h' } } });
  t.teardown(() => Promise.all([fleet.stop(), node.stop()]));
  const asks = async (key: string): Promise<string> => {
    const client = await fleet.connect();
    const { text } = await client.command('GET', key);
    await client.close();
    return text;
  };
  const bulk = await fleet.connect();
  await bulk.command('GET', 'bulk');
  const shared = node.requests.find(({ args }) => args[1] === 'bulk')?.connection.id;
  await until(async () => {
    await asks('k');
    return node.requests.at(-1)?.connection.id !== shared;
  }, 'newcomers to have a connection of their own');
  dead = node.requests.at(-1)?.connection.id as number;
  t.match(await asks('k'), /did not answer in time/);
  const served = async (): Promise<boolean> => {
    // While bulk replies come newcomers go there.
    await bulk.command('GET', 'bulk');
    return (await asks('k')) === '$1\r\nx\r\n';
  };
  await until(served, 'newcomers to be served', 5000);
});

t.test('towards the limit of memory the clients that most is held for are let go, the others served', async (t) => {
  const limits = { client_unsent: '64mb' };
  const fleet = await startFleet({ nodes: 1, buffers: '8mb', pool: { limits, timeouts: { client_stall: '60s' } } });
  t.teardown(() => fleet.stop());
  const client = await fleet.connect({ deadlineMs: 30_000 });
  await client.command('SET', 'k', Buffer.alloc(4 * MIB, 'v'));
  const deaf = await Promise.all(Array.from({ length: 8 }, () => deafClient(fleet)));
  for (const socket of deaf) socket.write(Buffer.concat([encode(['GET', 'k']), encode(['GET', 'k']), encode(['GET', 'k'])]));
  await until(async () => (await disconnects(fleet, 'memory')) > 0, 'one to be let go');
  t.equal((await client.command('STRLEN', 'k')).text, `:${4 * MIB}\r\n`);
  t.ok((await buffered(fleet)) <= 8 * MIB + deaf.length * 64 * 1024);
  for (const socket of deaf) socket.destroy();
  await client.close();
  await fleet.conserved();
});
