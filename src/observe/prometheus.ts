/** The metrics of keyfan by name: a table read over the counters when somebody scrapes. */
import { setImmediate } from 'node:timers/promises';
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { ERROR_CODES } from '../errors.ts';
import { type BackendCounters, DurationHistogram, type PoolCounters } from './counters.ts';
import { DISCONNECT_REASONS } from './disconnects.ts';
import { cpuSeconds, residentBytes } from './process.ts';

export interface BackendSnapshot {
  readonly node: string;
  readonly counters: BackendCounters;
}

export interface PoolSnapshot {
  readonly name: string;
  readonly counters: PoolCounters;
  /** By `CommandRow.id`. */
  readonly commandNames: readonly string[];
  /** Equal for two processes exactly when they place every key alike. */
  readonly ringHash: string;
  readonly backends: readonly BackendSnapshot[];
}

/** The processes that serve clients. */
export interface WorkersSnapshot {
  /** In service now. */
  readonly running: number;
  /** Started in the place of one that ended unasked. */
  readonly restarts: number;
  /** Of all workers that ever were. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: (pool: PoolSnapshot, name: string) => readonly Sample[];
}

const perPool = (read: (counters: PoolCounters) => number) => (pool: PoolSnapshot) => [
  { labels: { pool: pool.name }, value: read(pool.counters) },
];

const perBackend = (read: (counters: BackendCounters) => number) => (pool: PoolSnapshot) =>
  pool.backends.map(({ node, counters }) => ({ labels: { pool: pool.name, node }, value: read(counters) }));

/** One sample for each count above zero, labelled with its name in `names`. */
function nonZero(counts: Float64Array, names: readonly string[], label: string, labels: Sample['labels']): Sample[] {
  const samples: Sample[] = [];
  counts.forEach((value, index) => {
    if (value > 0) samples.push({ labels: { ...labels, [label]: names[index] ?? `unnamed_${index}` }, value });
  });
  return samples;
}

/** Upper bounds in seconds of all buckets but the last, which has none. */
const BOUNDS = Array.from({ length: DurationHistogram.BUCKETS - 1 }, (_, index) => 2 ** index / 1e6);

/** `le` includes its bound and our buckets exclude theirs; in whole microseconds the difference is at most one. */
function histogram(name: string, duration: DurationHistogram, labels: Sample['labels']): Sample[] {
  let count = 0;
  const samples: Sample[] = BOUNDS.map((bound, index) => {
    count += duration.buckets[index] as number;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: count };
  });
  count += duration.buckets[DurationHistogram.BUCKETS - 1] as number;
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count });
  samples.push({ metricName: `${name}_sum`, labels, value: duration.sumMs / 1000 });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}

const METRICS: readonly MetricRow[] = [
  { name: 'keyfan_connections', type: 'gauge', help: 'Clients connected now.', samples: perPool((c) => c.connections) },
  {
    name: 'keyfan_buffered_bytes',
    type: 'gauge',
    help: 'Bytes held for clients: requests not handled yet, replies not taken yet.',
    samples: perPool((c) => c.bufferedBytes),
  },
  {
    name: 'keyfan_credit_waits_total',
    type: 'counter',
    help: 'Large replies that were asked for later: the kernel held much for clients, and this one was not seen to take any of it.',
    samples: perPool((c) => c.creditWaits),
  },
  {
    name: 'keyfan_clients_disconnected_total',
    type: 'counter',
    help: 'Clients that keyfan disconnected, by reason.',
    samples: (pool) => nonZero(pool.counters.disconnects, DISCONNECT_REASONS, 'reason', { pool: pool.name }),
  },
  { name: 'keyfan_connections_total', type: 'counter', help: 'Client connections accepted.', samples: perPool((c) => c.connectionsTotal) },
  {
    name: 'keyfan_requests_total',
    type: 'counter',
    help: 'Requests received, by command.',
    samples: (pool) => nonZero(pool.counters.requests, pool.commandNames, 'command', { pool: pool.name }),
  },
  {
    name: 'keyfan_request_duration_seconds',
    type: 'histogram',
    help: 'From the arrival of a request to its reply.',
    samples: (pool, name) => histogram(name, pool.counters.duration, { pool: pool.name }),
  },
  {
    name: 'keyfan_errors_total',
    type: 'counter',
    help: 'Error replies made by keyfan itself, by code.',
    samples: (pool) => nonZero(pool.counters.errors, ERROR_CODES, 'code', { pool: pool.name }),
  },
  { name: 'keyfan_backend_up', type: 'gauge', help: '1 where the node is in service, else 0.', samples: perBackend((c) => c.up) },
  {
    name: 'keyfan_backend_requests_total',
    type: 'counter',
    help: 'Requests and parts of requests accepted for the node.',
    samples: perBackend((c) => c.requests),
  },
  {
    name: 'keyfan_backend_request_duration_seconds',
    type: 'histogram',
    help: 'From accepting a request for the node to its reply.',
    samples: (pool, name) => pool.backends.flatMap(({ node, counters }) => histogram(name, counters.duration, { pool: pool.name, node })),
  },
  {
    name: 'keyfan_backend_in_flight',
    type: 'gauge',
    help: 'Written to the node, reply not read yet.',
    samples: perBackend((c) => c.inFlight),
  },
  {
    name: 'keyfan_backend_queued_bytes',
    type: 'gauge',
    help: 'Bytes accepted for the node and not written yet.',
    samples: perBackend((c) => c.queuedBytes),
  },
  {
    name: 'keyfan_backend_leases',
    type: 'gauge',
    help: 'Connections to the node beside the shared one, for large values.',
    samples: perBackend((c) => c.leases),
  },
  {
    name: 'keyfan_backend_reserved',
    type: 'gauge',
    help: 'Connections to the node that clients have to themselves, and those kept for that; see limits.node_reserved.',
    samples: perBackend((c) => c.reserved),
  },
  {
    name: 'keyfan_backend_errors_total',
    type: 'counter',
    help: 'Requests for the node that keyfan answered with an error, by code.',
    samples: (pool) =>
      pool.backends.flatMap(({ node, counters }) => nonZero(counters.errors, ERROR_CODES, 'code', { pool: pool.name, node })),
  },
  {
    name: 'keyfan_backend_reconnects_total',
    type: 'counter',
    help: 'Connections to the node opened again after a loss.',
    samples: perBackend((c) => c.reconnects),
  },
  {
    name: 'keyfan_subscriptions_lost_total',
    type: 'counter',
    help: "Connections with clients' subscriptions that were lost; what was published until they were back was missed.",
    samples: perBackend((c) => c.subscriptionsLost),
  },
  {
    name: 'keyfan_backend_desync_total',
    type: 'counter',
    help: 'Replies nobody waited for, or that could not be read. Must stay 0.',
    samples: perBackend((c) => c.desyncs),
  },
  {
    name: 'keyfan_backend_sent_total',
    type: 'counter',
    help: 'In-flight entries made. At rest: sent = delivered + tombstoned + failed.',
    samples: perBackend((c) => c.sent),
  },
  {
    name: 'keyfan_backend_delivered_total',
    type: 'counter',
    help: 'Replies of the node handed to who waited for them.',
    samples: perBackend((c) => c.delivered),
  },
  {
    name: 'keyfan_backend_failed_total',
    type: 'counter',
    help: 'In-flight entries that ended without a reply.',
    samples: perBackend((c) => c.failed),
  },
  {
    name: 'keyfan_tombstoned_replies_total',
    type: 'counter',
    help: 'Late replies dropped because nobody waited for them any more.',
    samples: perBackend((c) => c.dropped),
  },
  { name: 'keyfan_topology_version', type: 'gauge', help: 'Version of the topology in use.', samples: perPool((c) => c.topologyVersion) },
  {
    name: 'keyfan_ring_info',
    type: 'gauge',
    help: 'Always 1; the hash is equal where two keyfans place every key alike.',
    samples: (pool) => [{ labels: { pool: pool.name, hash: pool.ringHash }, value: 1 }],
  },
];

interface WorkersRow extends Omit<MetricRow, 'samples'> {
  readonly read: (workers: WorkersSnapshot) => number;
}

const WORKERS_METRICS: readonly WorkersRow[] = [
  { name: 'keyfan_workers', type: 'gauge', help: 'Processes that serve clients, in service now.', read: (w) => w.running },
  {
    name: 'keyfan_worker_restarts_total',
    type: 'counter',
    help: 'Workers started in the place of one that ended unasked.',
    read: (w) => w.restarts,
  },
  {
    name: 'keyfan_worker_cpu_seconds_total',
    type: 'counter',
    help: 'User and system CPU time of all workers, those that are gone included.',
    read: (w) => w.cpuSeconds,
  },
  {
    name: 'keyfan_worker_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of all workers together.',
    read: (w) => w.residentBytes,
  },
];

/** This process is the one that serves. */
const alone = (): WorkersSnapshot => ({
  running: 1,
  restarts: 0,
  cpuSeconds: cpuSeconds(),
  residentBytes: residentBytes(),
});

/** prom-client's metrics that would hold up clients: they walk over every connection at each scrape. See `keyfan_connections`. */
const COSTLY = /^(nodejs_active_|process_open_fds$)/;

/**
 * A registry of its own, read from `pools()` and `workers()` at each scrape: all figures at one moment, so that they agree. The text is made of them metric by metric, each in a turn of
 * the event loop: all at once that took some milliseconds, in which nobody was served.
 */
export function createMetrics(pools: () => readonly PoolSnapshot[], workers: () => WorkersSnapshot = alone): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) if (COSTLY.test(name)) registry.removeSingleMetric(name);
  const samples = new Map<string, readonly Sample[]>();
  for (const { name, help, type } of [...METRICS, ...WORKERS_METRICS]) {
    // prom-client uses only `name` and `get()` of a registered metric, but its type demands one of its own classes.
    const metric = { name, get: async () => ({ name, help, type, aggregator: 'sum', values: samples.get(name) }) };
    registry.registerMetric(metric as unknown as Metric);
  }
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const read = (): void => {
    const [poolsNow, workersNow] = [pools(), workers()];
    for (const row of METRICS)
      samples.set(
        row.name,
        poolsNow.flatMap((pool) => row.samples(pool, row.name)),
      );
    for (const row of WORKERS_METRICS) samples.set(row.name, [{ labels: {}, value: row.read(workersNow) }]);
  };
  const write = async (): Promise<string> => {
    read();
    const texts: string[] = [];
    for (const name of names) {
      texts.push(await registry.getSingleMetricAsString(name));
      await setImmediate();
    }
    return `${texts.join('\n\n')}\n`;
  };
  // One scrape after the other: they share the samples.
  let last: Promise<unknown> = Promise.resolve();
  const render = (): Promise<string> => {
    const text = last.then(write);
    last = text.catch(() => {});
    return text;
  };
  return { contentType: registry.contentType, render };
}
