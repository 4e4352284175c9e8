import { parseConfig } from '../../src/config/load.ts';
import type { PoolConfig } from '../../src/config/schema.ts';
import { poolTopology } from '../../src/config/topology.ts';
import { type KeyfanProcess, type PoolInput, startKeyfan } from '../support/keyfan.ts';
import { Random } from '../support/random.ts';
import { startRedisNodes } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { FAULT_NAMES, type Fault, injectFaults, type Scene } from './faults.ts';
import { judge, type Owner, type Verdict } from './judge.ts';
import { type Kind, Ledger, type Outcome } from './ledger.ts';
import { Records } from './records.ts';
import { Relay } from './relay.ts';
import { Writer } from './writer.ts';

export interface RunOptions {
  readonly writes: number;
  readonly seed: number;
  /** Flags of Node.js for keyfan: lies are put into it that way. */
  readonly nodeArgs?: readonly string[];
  /** Only these. */
  readonly faults?: readonly Fault[];
}

export interface Report extends Verdict {
  readonly writes: number;
  readonly seed: number;
  readonly seconds: number;
  readonly counts: Record<Kind, Partial<Record<Outcome, number>>>;
  readonly faults: Record<Fault, number>;
  /** Connections that keyfan closed on clients. */
  readonly lost: number;
  /** Of keyfan's counters, summed over the nodes. */
  readonly keyfan: Record<string, number>;
}

const NAMES = ['a', 'b', 'c'] as const;
/** Sliding windows and bursts, from one write at a time to many. */
const DEPTHS = [1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64] as const;
const GAP_MAX = 4000;
/** A short run has about twice as many faults. */
const FAULTS_MIN = 20;
const STALL_MS = 30_000;

/**
 * Redis writes and syncs its log before it answers with `always`, and only with `always`: otherwise a reply may leave in the turn in
 * which its command ran. So nothing that was answered is lost by SIGKILL; a torn last record was not answered.
 */
const REDIS_ARGS = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];

const COUNTERS = [
  'backend_sent_total',
  'backend_delivered_total',
  'tombstoned_replies_total',
  'backend_failed_total',
  'backend_desync_total',
  'backend_reconnects_total',
] as const;

export async function runAtMostOnce({ writes, seed, nodeArgs = [], faults: kinds = FAULT_NAMES }: RunOptions): Promise<Report> {
  const started = performance.now();
  const nodes = await startRedisNodes(NAMES.length, { args: REDIS_ARGS });
  const relay = await Relay.start(nodes[0]?.port as number);
  const addresses = nodes.map(({ address }, i) => (i === 0 ? relay.address : address));
  const pool: PoolInput = {
    strategy: 'ring',
    nodes: addresses.map((address, i) => ({ name: NAMES[i] as string, address })),
    timeouts: { request: '300ms', connect: '300ms' },
    reconnect: { min: '10ms', max: '100ms' },
  };
  const cleanUp: (() => Promise<void>)[] = [() => relay.stop(), ...nodes.map((node) => () => node.stop())];
  try {
    const keyfan = await startKeyfan(pool, { nodeArgs });
    cleanUp.push(() => keyfan.stop());
    const allUp = () => until(async () => (await keyfan.metrics()).sum('keyfan_backend_up') === nodes.length, 'all nodes to be up');
    await allUp();
    const ledger = new Ledger(writes);
    const { faults, lost } = await write({ nodes, relay, ledger, allUp, faults: kinds, random: new Random(seed) }, keyfan.port);
    const counters = await rest(keyfan);
    await keyfan.stop();
    await relay.stop();
    const records = new Records();
    for (const [i, node] of nodes.entries()) await records.read(NAMES[i] as string, node);
    const verdict = judge(ledger, records, await ownerOf(pool));
    if (counters.backend_desync_total !== 0) {
      verdict.lies++;
      verdict.texts.push(`${counters.backend_desync_total} desyncs`);
    }
    const seconds = (performance.now() - started) / 1000;
    return { writes, seed, seconds, ...verdict, counts: ledger.counts(), faults, lost, keyfan: counters };
  } finally {
    await Promise.all(cleanUp.map((each) => each()));
  }
}

async function write(scene: Omit<Scene, 'writers' | 'gap'>, port: number) {
  const { ledger, random } = scene;
  const writers = DEPTHS.flatMap((depth) => [true, false].map((burst) => new Writer({ port, ledger, random, depth, burst })));
  const gap = Math.min(GAP_MAX, Math.ceil(ledger.size / FAULTS_MIN));
  const all = Promise.all([injectFaults({ ...scene, writers, gap }), ...writers.map((writer) => writer.done)]);
  const [faults] = await Promise.race([all, stalled(ledger)]);
  return { faults, lost: writers.reduce((sum, writer) => sum + writer.lost, 0) };
}

/** Rejects once no write has ended for long; never resolves. */
function stalled(ledger: Ledger): Promise<never> {
  return new Promise((_, reject) => {
    let settled = -1;
    const timer = setInterval(() => {
      if (ledger.settled === settled) {
        clearInterval(timer);
        reject(new Error(`no write ended for ${STALL_MS / 1000} s; ${ledger.settled} of ${ledger.issued} sent ones have`));
      }
      settled = ledger.settled;
    }, STALL_MS);
    timer.unref();
  });
}

/** keyfan's counters once nothing is in flight. */
async function rest(keyfan: KeyfanProcess): Promise<Record<string, number>> {
  const read = async (): Promise<Record<string, number>> => {
    const metrics = await keyfan.metrics();
    return Object.fromEntries(COUNTERS.map((name) => [name, metrics.sum(`keyfan_${name}`)]));
  };
  let counters = await read();
  await until(
    async () => {
      counters = await read();
      const ended = ['backend_delivered_total', 'tombstoned_replies_total', 'backend_failed_total'];
      return counters.backend_sent_total === ended.reduce((sum, name) => sum + (counters[name] as number), 0);
    },
    () => `sent = delivered + tombstoned + failed: ${JSON.stringify(counters)}`,
  );
  return counters;
}

async function ownerOf(pool: PoolInput): Promise<Owner> {
  const config = parseConfig({ pools: { pool: { listen: '127.0.0.1:0', ...pool } } });
  const topology = await poolTopology(config.pools.pool as PoolConfig);
  return (key) => {
    const bytes = Buffer.from(key);
    return topology.nodes[topology.nodeFor(bytes, 0, bytes.length)]?.name as string;
  };
}
