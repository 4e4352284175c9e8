import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createProxy } from '../../src/index.ts';
import { deafClient, drainBytes } from '../support/deaf-client.ts';
import { type Fleet, healthy, startFleet } from '../support/fleet.ts';
import { startFlood } from '../support/flood.ts';
import { encode } from '../support/resp.ts';
import { startScriptedNode } from '../support/scripted-node.ts';
import { settled, until } from '../support/wait.ts';

const CLIENTS = 100;
const GETS = 5;
/** So many clients have a grant, and may ask for so much before they were answered. */
const GRANTS = 8;
const GRANTED = 8;
/** More than that. */
const MANY = 12;
const VALUE = 1024 * 1024;
const REPLY = `$${VALUE}\r\n`.length + VALUE + 2;

async function getsAt(fleet: Fleet): Promise<number> {
  const stats = await Promise.all(fleet.nodes.map((node) => node.call('INFO', 'commandstats')));
  return stats.reduce<number>((sum, text) => sum + Number(/^cmdstat_get:calls=(\d+)/m.exec(String(text))?.[1] ?? 0), 0);
}

/** Reads on; resolves with how many bytes came, `bytes` of them or those before the end. */
function readAll(socket: Socket, bytes: number): Promise<number> {
  const drained = drainBytes(socket, bytes, 60_000);
  socket.resume();
  return drained;
}

/** Clients that have asked for `gets` large replies each, and read nothing. */
async function deafClients(fleet: Fleet, gets: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const socket = await deafClient(fleet);
    socket.write(asking(gets));
    sockets.push(socket);
  }
  return sockets;
}

const asking = (gets: number): Buffer => Buffer.concat(new Array(gets).fill(encode(['GET', 'big'])));

/** Bytes sent from `port` and not acknowledged, of all connections; see `SendQueues`. */
function heldByKernel(port: number): number {
  const from = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/self/net/tcp', 'latin1')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows.reduce((sum, [, local, , , queues]) => sum + (local?.endsWith(from) ? Number.parseInt(queues as string, 16) : 0), 0);
}

for (const { what, value, most } of [
  { what: 'one large reply', value: VALUE, most: 1 },
  // What a client's kernel takes leaves little of such a reply.
  { what: 'two replies that are just large', value: 300 * 1024, most: 2 },
])
  t.test(`in a flood whoever takes nothing is sent ${what}, and whoever takes them gets all`, async (t) => {
    const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '60s' } } });
    t.teardown(() => fleet.stop());
    const admin = await fleet.connect({ deadlineMs: 20_000 });
    await admin.command('SET', 'big', Buffer.alloc(value, 'v'));
    t.teardown(await startFlood());
    const sockets = await deafClients(fleet, MANY);
    t.teardown(() => sockets.forEach((socket) => void socket.destroy()));
    const waits = async (): Promise<number> => (await fleet.metrics()).sum('keyfan_credit_waits_total');
    await until(async () => (await waits()) >= (CLIENTS - GRANTS) * most, 'all but those with a grant to wait', 20_000);
    const sent = await settled(() => getsAt(fleet));
    t.ok(sent <= CLIENTS * most + GRANTS * GRANTED, `${sent} replies for ${CLIENTS} clients`);
    const reply = `$${value}\r\n`.length + value + 2;
    const got = await Promise.all(sockets.map((socket) => readAll(socket, MANY * reply)));
    t.same([...new Set(got)], [MANY * reply]);
    t.equal(await getsAt(fleet), CLIENTS * MANY);
    await admin.close();
  });

t.test('whoever takes nothing in a flood is disconnected after client_stall', async (t) => {
  const fleet = await startFleet({ nodes: 1, pool: { timeouts: { client_stall: '1s' } } });
  t.teardown(() => fleet.stop());
  const admin = await fleet.connect({ deadlineMs: 20_000 });
  await admin.command('SET', 'big', Buffer.alloc(VALUE, 'v'));
  const sockets = await deafClients(fleet, GETS);
  t.teardown(() => sockets.forEach((socket) => void socket.destroy()));
  const stalled = async (): Promise<number> => (await fleet.metrics()).sum('keyfan_clients_disconnected_total', { reason: 'stalled' });
  await until(async () => (await stalled()) === CLIENTS, 'all to be disconnected', 30_000);
  t.equal((await admin.command('STRLEN', 'big')).value, VALUE);
  const waits = (await fleet.metrics()).sum('keyfan_credit_waits_total');
  t.ok(waits > 0 && waits < 2 * CLIENTS, `${waits} times somebody waited for credit`);
  await until(() => heldByKernel(fleet.port) === 0, 'the kernel to let go of what it held for them: they are reset');
  await admin.close();
});

/** Answers each GET with a MiB, so slowly that no write to a client ever has to wait. */
const trickling = healthy(async ({ connection: { socket } }) => {
  socket.write(`$${VALUE}\r\n`);
  for (let i = 0; i < 64; i++) {
    socket.write(Buffer.alloc(VALUE / 64, 'v'));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  socket.write('\r\n');
  return undefined;
});

t.test('whoever reads all is sent all in a flood, over TCP, and over Unix sockets, of which nobody can tell what they take', async (t) => {
  const node = await startScriptedNode(trickling);
  const folder = await mkdtemp(join(tmpdir(), 'keyfan-flood-'));
  const path = join(folder, 'keyfan.sock');
  const pool = { strategy: 'ring', nodes: [node.address] };
  const proxy = createProxy({
    admin: { listen: '127.0.0.1:0' },
    pools: { tcp: { listen: '127.0.0.1:0', ...pool }, unix: { listen: `unix:${path}`, ...pool } },
  });
  await proxy.start();
  const end = await startFlood();
  t.teardown(async () => {
    end();
    await proxy.stop();
    await node.stop();
    await rm(folder, { recursive: true });
  });
  const tcp = proxy.address('tcp') as { host: string; port: number };
  for (const to of [tcp, { path }]) {
    const socket = connect(to);
    socket.write(asking(MANY));
    t.equal(await readAll(socket, MANY * REPLY), MANY * REPLY, JSON.stringify(Object.keys(to)));
    socket.destroy();
  }
  const admin = proxy.adminAddress() as { host: string; port: number };
  const text = await (await fetch(`http://${admin.host}:${admin.port}/metrics`)).text();
  const waits = text.matchAll(/^keyfan_credit_waits_total\{pool="(.*)"\} (.*)$/gm);
  const byPool = Object.fromEntries([...waits].map(([, name, count]) => [name, Number(count) > 0]));
  t.same(byPool, { tcp: true, unix: false }, 'over TCP it was looked whether it does');
});
