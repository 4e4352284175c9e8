import type { Socket } from 'node:net';
import t from 'tap';
import { deafClient } from '../support/deaf-client.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { encode } from '../support/resp.ts';
import { settled, until, within } from '../support/wait.ts';

const CLIENTS = 100;
const GETS = 5;
const VALUE = 1024 * 1024;
const REPLY = `$${VALUE}\r\n`.length + VALUE + 2;

async function getsAt(fleet: Fleet): Promise<number> {
  const stats = await Promise.all(fleet.nodes.map((node) => node.call('INFO', 'commandstats')));
  return stats.reduce<number>((sum, text) => sum + Number(/^cmdstat_get:calls=(\d+)/m.exec(String(text))?.[1] ?? 0), 0);
}

/** Reads until `bytes` have come; resolves with how many did before the end. */
function readAll(socket: Socket, bytes: number): Promise<number> {
  let got = 0;
  const done = new Promise<number>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (got >= bytes) resolve(got);
    });
    socket.on('close', () => resolve(got));
    socket.resume();
  });
  return within(done, () => `${bytes} bytes, got ${got}`, 60_000);
}

t.test('in a crowd whoever takes nothing is not sent one large reply after the other, and whoever takes them gets all', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '60s' } } });
  t.teardown(() => fleet.stop());
  const admin = await fleet.connect({ deadlineMs: 20_000 });
  await admin.command('SET', 'big', Buffer.alloc(VALUE, 'v'));
  const sockets: Socket[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const socket = await deafClient(fleet);
    socket.write(Buffer.concat(Array.from({ length: GETS }, () => encode(['GET', 'big']))));
    sockets.push(socket);
  }
  t.teardown(() => sockets.forEach((socket) => void socket.destroy()));
  await until(async () => (await getsAt(fleet)) >= CLIENTS, 'each to have been sent a reply', 20_000);
  // Else the kernel would take some 2.5 MiB for each at once.
  const sent = await settled(() => getsAt(fleet));
  // Before there is a crowd, some are sent two.
  t.ok(sent < CLIENTS + 80, `${sent} replies for ${CLIENTS} clients`);
  const got = await Promise.all(sockets.map((socket) => readAll(socket, GETS * REPLY)));
  t.same([...new Set(got)], [GETS * REPLY]);
  t.equal(await getsAt(fleet), CLIENTS * GETS);
  await admin.close();
});

t.test('whoever takes nothing in a crowd is disconnected after client_stall', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '1s' } } });
  t.teardown(() => fleet.stop());
  const admin = await fleet.connect({ deadlineMs: 20_000 });
  await admin.command('SET', 'big', Buffer.alloc(VALUE, 'v'));
  const sockets: Socket[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const socket = await deafClient(fleet);
    socket.write(Buffer.concat(Array.from({ length: GETS }, () => encode(['GET', 'big']))));
    sockets.push(socket);
  }
  t.teardown(() => sockets.forEach((socket) => void socket.destroy()));
  const stalled = async (): Promise<number> => (await fleet.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'stalled' });
  await until(async () => (await stalled()) === CLIENTS, 'all to be disconnected', 30_000);
  t.equal((await admin.command('STRLEN', 'big')).value, VALUE);
  const waits = (await fleet.metrics()).sum('keyfan_credit_waits_total');
  t.ok(waits > 0 && waits <= CLIENTS, `${waits} of them waited for credit, once each`);
  await admin.close();
});
