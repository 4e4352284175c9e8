/** The counters of all workers as those of one: sums go on over the end of a worker, gauges end with it. */
import { BackendCounters, PoolCounters } from '../observe/counters.ts';
import type { PoolSnapshot, WorkersSnapshot } from '../observe/prometheus.ts';
import type { BackendFigures, PoolReport, WorkerReport } from './messages.ts';

/** How the values of several workers become one: `sum` counts for ever; the others are of the workers that live. */
type Kind = 'sum' | 'live' | 'least' | 'most';

type NumberFields<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

const POOL_KINDS = {
  connections: 'live',
  connectionsTotal: 'sum',
  topologyVersion: 'most',
  bufferedBytes: 'live',
  creditWaits: 'sum',
} as const satisfies Record<NumberFields<PoolCounters>, Kind>;

const BACKEND_KINDS = {
  // In service is what every worker reaches.
  up: 'least',
  requests: 'sum',
  inFlight: 'live',
  queuedBytes: 'live',
  leases: 'live',
  reserved: 'live',
  reconnects: 'sum',
  subscriptionsLost: 'sum',
  desyncs: 'sum',
  sent: 'sum',
  delivered: 'sum',
  dropped: 'sum',
  failed: 'sum',
} as const satisfies Record<NumberFields<BackendCounters>, Kind>;

type Numbers = Record<string, number>;

const JOIN: Readonly<Record<Kind, (into: number, from: number, first: boolean) => number>> = {
  sum: (into, from) => into + from,
  live: (into, from) => into + from,
  least: (into, from, first) => (first ? from : Math.min(into, from)),
  most: (into, from) => Math.max(into, from),
};

function addNumbers(into: object, from: object, kinds: Readonly<Record<string, Kind>>, only: Kind | null, first: boolean): void {
  for (const [field, kind] of Object.entries(kinds)) {
    if (only !== null && kind !== only) continue;
    (into as Numbers)[field] = JOIN[kind]((into as Numbers)[field] as number, (from as Numbers)[field] as number, first);
  }
}

function addArray(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (from[i] as number);
}

/** Adds `from` to `into`: all of it, or only what is a sum. */
function addPool(into: PoolReport, from: PoolReport, only: Kind | null, first = false): void {
  addNumbers(into.counters, from.counters, POOL_KINDS, only, first);
  addArray(into.counters.requests, from.counters.requests);
  addArray(into.counters.disconnects, from.counters.disconnects);
  addArrays(into.counters, from.counters);
  into.backends.forEach((backend, i) => {
    const other = from.backends[i] as BackendFigures;
    addNumbers(backend, other, BACKEND_KINDS, only, first);
    addArrays(backend, other);
  });
}

type Arrays = Pick<BackendFigures, 'errors' | 'duration'>;

function addArrays(into: Arrays, from: Arrays): void {
  addArray(into.errors, from.errors);
  addArray(into.duration.buckets, from.duration.buckets);
  into.duration.sumMs += from.duration.sumMs;
}

/** A pool as it is before anything was counted: its names and nodes. */
export interface PoolNames {
  readonly name: string;
  readonly commandNames: readonly string[];
  readonly ringHash: string;
  readonly nodes: readonly string[];
}

interface PoolSums {
  readonly counters: PoolCounters;
  readonly backends: readonly BackendCounters[];
}

/** `W` tells one worker from another. */
export class Totals<W> {
  readonly #pools: readonly PoolNames[];
  /** What the workers that are gone have counted. */
  readonly #gone: readonly PoolSums[];
  readonly #last = new Map<W, WorkerReport>();
  #cpuSecondsGone = 0;

  constructor(pools: readonly PoolNames[]) {
    this.#pools = pools;
    this.#gone = this.#zeros();
  }

  /** The newest report of a worker. Each is complete, so that a lost one does no harm. */
  report(worker: W, report: WorkerReport): void {
    this.#last.set(worker, report);
  }

  /** The worker is no more: what it has counted by its last report stays. */
  retire(worker: W): void {
    const report = this.#last.get(worker);
    if (report === undefined) return;
    this.#last.delete(worker);
    this.#cpuSecondsGone += report.cpuSeconds;
    this.#gone.forEach((sums, i) => void addPool(sums, report.pools[i] as PoolReport, 'sum'));
  }

  /** As of one process. */
  pools(): PoolSnapshot[] {
    const sums = this.#zeros();
    sums.forEach((sum, i) => {
      addPool(sum, this.#gone[i] as PoolSums, 'sum');
      let first = true;
      for (const report of this.#last.values()) {
        addPool(sum, report.pools[i] as PoolReport, null, first);
        first = false;
      }
    });
    return this.#pools.map(({ name, commandNames, ringHash, nodes }, i) => {
      const { counters, backends } = sums[i] as PoolSums;
      return {
        name,
        commandNames,
        ringHash,
        counters,
        backends: nodes.map((node, j) => ({ node, counters: backends[j] as BackendCounters })),
      };
    });
  }

  processes(): Pick<WorkersSnapshot, 'cpuSeconds' | 'residentBytes'> {
    const reports = [...this.#last.values()];
    return {
      cpuSeconds: reports.reduce((sum, report) => sum + report.cpuSeconds, this.#cpuSecondsGone),
      residentBytes: reports.reduce((sum, report) => sum + report.residentBytes, 0),
    };
  }

  #zeros(): PoolSums[] {
    return this.#pools.map(({ commandNames, nodes }) => ({
      counters: new PoolCounters(commandNames.length),
      backends: nodes.map(() => new BackendCounters()),
    }));
  }
}
