import t from 'tap';
import { ERROR_INDEX } from '../../../src/errors.ts';
import { BackendCounters, PoolCounters } from '../../../src/observe/counters.ts';
import type { PoolSnapshot } from '../../../src/observe/prometheus.ts';
import type { WorkerReport } from '../../../src/runtime/messages.ts';
import { Totals } from '../../../src/runtime/totals.ts';

const NAMES = { name: 'cache', commandNames: ['get', 'set'], ringHash: 'abc', nodes: ['n1', 'n2'] };

/** A worker's report in which everything that counts is `n`, and all that is of the moment too. */
function report(n: number, change: (pool: PoolCounters, backends: BackendCounters[]) => void = () => {}): WorkerReport {
  const counters = new PoolCounters(2);
  Object.assign(counters, { connections: n, connectionsTotal: n, topologyVersion: 1 });
  counters.requests.fill(n);
  counters.errors.fill(n);
  counters.disconnects.fill(n);
  counters.bufferedBytes = n;
  counters.creditWaits = n;
  for (let i = 0; i < n; i++) counters.duration.record(1);
  const backends = [new BackendCounters(), new BackendCounters()];
  for (const backend of backends) {
    const fields = [
      'inFlight',
      'queuedBytes',
      'leases',
      'reserved',
      'requests',
      'reconnects',
      'subscriptionsLost',
      'desyncs',
      'sent',
      'delivered',
      'dropped',
      'failed',
    ] as const;
    for (const field of fields) backend[field] = n;
    backend.up = 1;
    backend.errors.fill(n);
    for (let i = 0; i < n; i++) backend.duration.record(1);
  }
  change(counters, backends);
  return structuredClone({ cpuSeconds: n, residentBytes: 100 * n, pools: [{ counters, backends }] });
}

const read = (totals: Totals<string>): PoolSnapshot => totals.pools()[0] as PoolSnapshot;

t.test('names and nodes are the configuration’s, all zero before anybody has reported', async (t) => {
  const pool = read(new Totals<string>([NAMES]));
  t.match(pool, { name: 'cache', commandNames: ['get', 'set'], ringHash: 'abc', backends: [{ node: 'n1' }, { node: 'n2' }] });
  t.equal(pool.counters.connectionsTotal, 0);
  t.same(
    pool.backends.map(({ counters }) => counters.up),
    [0, 0],
  );
});

t.test('everything is summed', async (t) => {
  const totals = new Totals<string>([NAMES]);
  totals.report('one', report(3));
  totals.report('two', report(4));
  const { counters, backends } = read(totals);
  t.match(counters, { connections: 7, connectionsTotal: 7, topologyVersion: 1 });
  t.same([...counters.requests], [7, 7]);
  t.ok(counters.errors.every((count) => count === 7));
  t.ok(counters.disconnects.every((count) => count === 7));
  t.same([counters.bufferedBytes, counters.creditWaits], [7, 7]);
  t.equal(counters.duration.sumMs, 7);
  t.equal(
    counters.duration.buckets.reduce((sum, count) => sum + count, 0),
    7,
  );
  for (const { counters } of backends) {
    const { up, errors, duration, ...numbers } = counters;
    t.same(new Set(Object.values(numbers)), new Set([7]), Object.keys(numbers).join());
    t.equal(up, 1);
    t.equal(errors[ERROR_INDEX.timeout], 7);
    t.equal(duration.sumMs, 7);
  }
  t.same(totals.processes(), { cpuSeconds: 7, residentBytes: 700 });
});

t.test('a report takes the place of the one before', async (t) => {
  const totals = new Totals<string>([NAMES]);
  totals.report('one', report(3));
  totals.report('one', report(5));
  t.equal(read(totals).counters.connectionsTotal, 5);
});

t.test('a worker that is gone: its sums stay, its gauges do not', async (t) => {
  const totals = new Totals<string>([NAMES]);
  totals.report('one', report(3));
  totals.report('two', report(4));
  totals.retire('one');
  totals.retire('one');
  totals.retire('never heard of');
  const { counters, backends } = read(totals);
  t.match(counters, { connections: 4, connectionsTotal: 7 });
  t.same([...counters.requests], [7, 7]);
  t.equal(counters.duration.sumMs, 7);
  t.match(backends[1]?.counters, { inFlight: 4, queuedBytes: 4, requests: 7, reconnects: 7, desyncs: 7, sent: 7, delivered: 7 });
  t.match(backends[1]?.counters, { dropped: 7, failed: 7, up: 1 });
  t.same(totals.processes(), { cpuSeconds: 7, residentBytes: 400 });
  totals.report('three', report(1));
  totals.retire('two');
  t.match(read(totals).counters, { connections: 1, connectionsTotal: 8 });
  totals.retire('three');
  t.match(read(totals).counters, { connections: 0, connectionsTotal: 8, topologyVersion: 0 });
  t.equal(read(totals).backends[0]?.counters.up, 0, 'nobody reaches it');
});

t.test('a node is up where every worker reaches it', async (t) => {
  const totals = new Totals<string>([NAMES]);
  totals.report(
    'one',
    report(1, (_pool, backends) => {
      (backends[0] as BackendCounters).up = 0;
    }),
  );
  totals.report('two', report(1));
  const up = () => read(totals).backends.map(({ counters }) => counters.up);
  t.same(up(), [0, 1]);
  totals.retire('one');
  t.same(up(), [1, 1]);
});
