import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.ts';
import type { Manners } from './client.ts';
import { type Pool, Proxy } from './proxy.ts';
import type { RunOptions, Stage } from './run.ts';
import { ScriptedClient } from './scripted-client.ts';
import { type FaultRates, ScriptedNode, SeenRequests } from './scripted-node.ts';
import { SerialClient } from './serial-client.ts';
import { Tally } from './tally.ts';

/** Short, so that they are reached often. */
const REQUEST_MS = 400;
const STALL_MS = 500;
const TIMEOUTS = { connect: '300ms', request: `${REQUEST_MS}ms`, node_idle: '2s' };
const RECONNECT = { min: '2ms', max: '30ms' };

const BUSY: FaultRates = { cut: 25_000, cutLarge: 40, delay: 3000, stall: 150_000, dribble: 1000, early: 12, unsolicited: 0, garbage: 0 };
/** Where one request is in flight at a time. */
const SERIAL: FaultRates = { cut: 60, cutLarge: 10, delay: 20, stall: 0, dribble: 20, early: 4, unsolicited: 12, garbage: 30 };

const MANNERS: Manners = { pipelineMax: 1000, leave: 40, impatient: 60, deaf: 60 };
const SERIAL_MANNERS: Manners = { pipelineMax: 1, leave: 0, impatient: 0, deaf: 0 };

interface PoolRow {
  readonly name: string;
  readonly strategy: unknown;
  readonly nodes: number;
  readonly rates: FaultRates;
  readonly limits?: Pool['limits'];
  /** Its part of the clients; 0 where it has one client, which sends one request at a time. */
  readonly share: number;
}

const POOLS: readonly PoolRow[] = [
  { name: 'ring', strategy: 'ring', nodes: 3, rates: BUSY, share: 0.4 },
  { name: 'slots', strategy: 'slots', nodes: 2, rates: BUSY, share: 0.2, limits: { client_in_flight: 32, node_queued: '2mb' } },
  { name: 'modulo', strategy: { type: 'modulo', hash: 'crc32' }, nodes: 3, rates: BUSY, share: 0.2, limits: { node_in_flight: 2000 } },
  { name: 'random', strategy: 'random', nodes: 2, rates: BUSY, share: 0.2 },
  { name: 'serial-a', strategy: 'ring', nodes: 1, rates: SERIAL, share: 0 },
  { name: 'serial-b', strategy: 'ring', nodes: 1, rates: SERIAL, share: 0 },
  { name: 'serial-c', strategy: 'ring', nodes: 1, rates: SERIAL, share: 0 },
];

interface Group {
  readonly row: PoolRow;
  readonly nodes: readonly ScriptedNode[];
  readonly seen: SeenRequests;
}

/** keyfan before nodes of our own, which answer everything with replies that name the request. */
export async function scriptedStage(options: RunOptions): Promise<Stage> {
  const tally = new Tally();
  let nodes = 0;
  const groups: Group[] = POOLS.map((row) => {
    const seen = new SeenRequests();
    const of = (): ScriptedNode => {
      const id = ++nodes;
      const random = new Random(options.seed, 1000 + id);
      return new ScriptedNode({ id, rates: row.rates, random, tally, seen, broadcasts: row.name === 'random', stallMs: STALL_MS });
    };
    return { row, seen, nodes: Array.from({ length: row.nodes }, of) };
  });
  const all = groups.flatMap((group) => group.nodes);
  await Promise.all(all.map((node) => node.listen()));
  const proxy = await Proxy.start(options.main, Object.fromEntries(groups.map((group) => [group.row.name, poolOf(group)])));
  const clients = groups.flatMap((group) => clientsOf(group, proxy, tally, options));
  const victims = groups.filter(({ row }) => row.share > 0).flatMap((group) => group.nodes);
  const random = new Random(options.seed, 1);
  return {
    proxy,
    clients,
    tally,
    pools: POOLS.map((row) => row.name),
    harmMs: [100, 500],
    harm: () => random.pick(victims).kill(random.once(4) ? random.between(20, 300) : 0),
    async heal() {
      // What stalls goes on by itself; this makes the rest quick.
      for (const node of all) node.heal();
      await sleep(0);
    },
    desyncsMax: (pool) => (pool.startsWith('serial') ? tally.counts.unsolicited + tally.counts.garbage : 0),
    async stop() {
      for (const node of all) node.stop();
      await proxy.stop();
    },
  };
}

function poolOf({ row, nodes }: Group): Pool {
  return {
    listen: '127.0.0.1:0',
    strategy: row.strategy,
    nodes: nodes.map((node) => ({ name: `n${node.options.id}`, address: `127.0.0.1:${node.port}` })),
    timeouts: TIMEOUTS,
    reconnect: RECONNECT,
    ...(row.limits === undefined ? {} : { limits: row.limits }),
  };
}

function clientsOf({ row, nodes, seen }: Group, proxy: Proxy, tally: Tally, options: RunOptions): ScriptedClient[] {
  const port = proxy.port(row.name);
  const of = (i: number): Omit<ConstructorParameters<typeof ScriptedClient>[0], 'manners' | 'serial'> => {
    const stream = 2000 + POOLS.indexOf(row) * 1000 + i;
    return { port, pool: row.name, random: new Random(options.seed, stream), tally, seen };
  };
  if (row.share === 0) return [new SerialClient({ ...of(0), manners: SERIAL_MANNERS, serial: true }, nodes[0] as ScriptedNode)];
  const count = Math.max(1, Math.round(options.clients * row.share));
  return Array.from({ length: count }, (_, i) => new ScriptedClient({ ...of(i), manners: MANNERS, serial: false }));
}
