import t from 'tap';
import { ERROR_INDEX } from '../../../src/errors.ts';
import { BackendCounters, PoolCounters } from '../../../src/observe/counters.ts';
import { createMetrics, type PoolSnapshot } from '../../../src/observe/prometheus.ts';

const COMMANDS = ['get', 'set', 'object|encoding'];

function snapshot(): PoolSnapshot & { backends: { node: string; counters: BackendCounters }[] } {
  return {
    name: 'cache',
    counters: new PoolCounters(COMMANDS.length),
    commandNames: COMMANDS,
    ringHash: 'abc',
    backends: ['n1', 'n2'].map((node) => ({ node, counters: new BackendCounters() })),
  };
}

interface Parsed {
  readonly types: Map<string, string>;
  readonly helps: Map<string, string>;
  /** By the line's name and labels as written. */
  readonly values: Map<string, number>;
}

function parse(text: string): Parsed {
  const parsed = { types: new Map<string, string>(), helps: new Map<string, string>(), values: new Map<string, number>() };
  for (const line of text.split('\n')) {
    const meta = /^# (TYPE|HELP) (\S+) (.+)$/.exec(line);
    const sample = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line);
    if (meta) (meta[1] === 'TYPE' ? parsed.types : parsed.helps).set(meta[2] as string, meta[3] as string);
    else if (sample) parsed.values.set(sample[1] as string, Number(sample[2] === '+Inf' ? Infinity : sample[2]));
  }
  return parsed;
}

const scrape = async (...pools: PoolSnapshot[]) => parse(await createMetrics(() => pools).render());

/** The contract: names scripts and dashboards rely on. */
const NAMES: Record<string, string> = {
  keyfan_connections: 'gauge',
  keyfan_connections_total: 'counter',
  keyfan_buffered_bytes: 'gauge',
  keyfan_credit_waits_total: 'counter',
  keyfan_clients_disconnected_total: 'counter',
  keyfan_requests_total: 'counter',
  keyfan_request_duration_seconds: 'histogram',
  keyfan_errors_total: 'counter',
  keyfan_backend_up: 'gauge',
  keyfan_backend_requests_total: 'counter',
  keyfan_backend_request_duration_seconds: 'histogram',
  keyfan_backend_in_flight: 'gauge',
  keyfan_backend_queued_bytes: 'gauge',
  keyfan_backend_leases: 'gauge',
  keyfan_backend_reserved: 'gauge',
  keyfan_backend_errors_total: 'counter',
  keyfan_backend_reconnects_total: 'counter',
  keyfan_subscriptions_lost_total: 'counter',
  keyfan_backend_desync_total: 'counter',
  keyfan_tombstoned_replies_total: 'counter',
  keyfan_backend_sent_total: 'counter',
  keyfan_backend_delivered_total: 'counter',
  keyfan_backend_failed_total: 'counter',
  keyfan_topology_version: 'gauge',
  keyfan_ring_info: 'gauge',
  keyfan_workers: 'gauge',
  keyfan_worker_restarts_total: 'counter',
  keyfan_worker_cpu_seconds_total: 'counter',
  keyfan_worker_resident_memory_bytes: 'gauge',
};

t.test('exactly these names, each with type and help', async (t) => {
  const { types, helps } = await scrape(snapshot());
  t.same(Object.fromEntries([...types].filter(([name]) => name.startsWith('keyfan_'))), NAMES);
  for (const name of types.keys()) t.ok(helps.get(name), `help of ${name}`);
  t.ok(types.has('process_cpu_seconds_total') && types.has('process_resident_memory_bytes'), 'process metrics');
  for (const name of types.keys()) t.notMatch(name, /active_|open_fds/, 'nothing is counted by walking over all connections');
});

t.test('each counter shows under its name', async (t) => {
  const pool = snapshot();
  Object.assign(pool.counters, { connections: 3, connectionsTotal: 17, topologyVersion: 2, bufferedBytes: 23, creditWaits: 25 });
  pool.counters.countDisconnect('stalled');
  pool.counters.requests[0] = 5;
  pool.counters.requests[2] = 7;
  pool.counters.errors[ERROR_INDEX.node_down] = 4;
  const backend = pool.backends[1]?.counters as BackendCounters;
  Object.assign(backend, {
    up: 1,
    requests: 11,
    inFlight: 12,
    queuedBytes: 13,
    leases: 22,
    reserved: 24,
    reconnects: 14,
    subscriptionsLost: 23,
    desyncs: 15,
    sent: 16,
    delivered: 18,
    dropped: 19,
    failed: 20,
  });
  backend.errors[ERROR_INDEX.timeout] = 21;
  const { values } = await scrape(pool);
  const expected: [string, number | undefined][] = [
    ['keyfan_connections{pool="cache"}', 3],
    ['keyfan_connections_total{pool="cache"}', 17],
    ['keyfan_topology_version{pool="cache"}', 2],
    ['keyfan_buffered_bytes{pool="cache"}', 23],
    ['keyfan_credit_waits_total{pool="cache"}', 25],
    ['keyfan_clients_disconnected_total{pool="cache",reason="stalled"}', 1],
    ['keyfan_clients_disconnected_total{pool="cache",reason="memory"}', undefined],
    ['keyfan_ring_info{pool="cache",hash="abc"}', 1],
    ['keyfan_requests_total{pool="cache",command="get"}', 5],
    ['keyfan_requests_total{pool="cache",command="object|encoding"}', 7],
    ['keyfan_requests_total{pool="cache",command="set"}', undefined],
    ['keyfan_errors_total{pool="cache",code="node_down"}', 4],
    ['keyfan_errors_total{pool="cache",code="timeout"}', undefined],
    ['keyfan_backend_up{pool="cache",node="n1"}', 0],
    ['keyfan_backend_up{pool="cache",node="n2"}', 1],
    ['keyfan_backend_requests_total{pool="cache",node="n2"}', 11],
    ['keyfan_backend_in_flight{pool="cache",node="n2"}', 12],
    ['keyfan_backend_queued_bytes{pool="cache",node="n2"}', 13],
    ['keyfan_backend_leases{pool="cache",node="n2"}', 22],
    ['keyfan_backend_reserved{pool="cache",node="n2"}', 24],
    ['keyfan_backend_reconnects_total{pool="cache",node="n2"}', 14],
    ['keyfan_subscriptions_lost_total{pool="cache",node="n2"}', 23],
    ['keyfan_backend_desync_total{pool="cache",node="n1"}', 0],
    ['keyfan_backend_desync_total{pool="cache",node="n2"}', 15],
    ['keyfan_backend_sent_total{pool="cache",node="n2"}', 16],
    ['keyfan_backend_delivered_total{pool="cache",node="n2"}', 18],
    ['keyfan_tombstoned_replies_total{pool="cache",node="n2"}', 19],
    ['keyfan_backend_failed_total{pool="cache",node="n2"}', 20],
    ['keyfan_backend_errors_total{pool="cache",node="n2",code="timeout"}', 21],
    ['keyfan_backend_errors_total{pool="cache",node="n1",code="timeout"}', undefined],
  ];
  for (const [name, value] of expected) t.equal(values.get(name), value, name);
});

t.test('histograms are cumulative, in seconds, and add up', async (t) => {
  const pool = snapshot();
  const durations = [0, 0.0005, 0.003, 1.5, 1.5, 250, 90_000];
  for (const ms of durations) pool.counters.duration.record(ms);
  const { values } = await scrape(pool);
  const name = 'keyfan_request_duration_seconds';
  const buckets = [...values].filter(([line]) => line.startsWith(`${name}_bucket`));
  let before = 0;
  for (const [line, count] of buckets) {
    const le = /le="([^"]+)"/.exec(line)?.[1] as string;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    t.equal(count, durations.filter((ms) => ms / 1000 < bound).length, `below ${le} s`);
    t.ok(count >= before);
    before = count;
  }
  t.equal(buckets.length, 28);
  t.equal(values.get(`${name}_count{pool="cache"}`), durations.length);
  t.equal(values.get(`${name}_bucket{pool="cache",le="+Inf"}`), durations.length);
  t.ok(Math.abs((values.get(`${name}_sum{pool="cache"}`) as number) - durations.reduce((sum, ms) => sum + ms / 1000, 0)) < 1e-9);
});

t.test('backends have histograms of their own', async (t) => {
  const pool = snapshot();
  pool.backends[0]?.counters.duration.record(3);
  const { values } = await scrape(pool);
  t.equal(values.get('keyfan_backend_request_duration_seconds_count{pool="cache",node="n1"}'), 1);
  t.equal(values.get('keyfan_backend_request_duration_seconds_count{pool="cache",node="n2"}'), 0);
});

t.test('each scrape reads anew, pools come and go', async (t) => {
  const pool = snapshot();
  let pools: PoolSnapshot[] = [pool];
  const metrics = createMetrics(() => pools);
  t.equal(metrics.contentType, 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(parse(await metrics.render()).values.get('keyfan_connections{pool="cache"}'), 0);
  pool.counters.connections = 9;
  t.equal(parse(await metrics.render()).values.get('keyfan_connections{pool="cache"}'), 9);
  pools = [];
  t.notOk(parse(await metrics.render()).values.has('keyfan_connections{pool="cache"}'));
});

t.test('the figures of a scrape are of one moment; the text is made in many turns, so that others are served meanwhile', async (t) => {
  const pool = snapshot();
  let reads = 0;
  let turns = 0;
  let counting = true;
  const metrics = createMetrics(() => {
    reads++;
    return [pool];
  });
  const count = (): void => {
    turns++;
    // What changes meanwhile belongs to the next scrape.
    pool.counters.connections++;
    pool.counters.bufferedBytes++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const [first, second] = (await Promise.all([metrics.render(), metrics.render()])).map(parse) as [Parsed, Parsed];
  counting = false;
  const figures = ({ values }: Parsed) =>
    ['connections', 'buffered_bytes'].map((name) => values.get(`keyfan_${name}{pool="cache"}`) as number);
  t.equal(reads, 2, 'once for each');
  t.ok(turns > 50, `in ${turns} turns`);
  for (const [connections, buffered] of [figures(first), figures(second)]) t.equal(connections, buffered);
  t.not(figures(first)[0], figures(second)[0], 'one after the other');
});

t.test('a scrape that fails is no reason for the next one to fail', async (t) => {
  let fails = true;
  const metrics = createMetrics(() => {
    if (fails) throw new Error('not now');
    return [snapshot()];
  });
  await t.rejects(metrics.render(), { message: 'not now' });
  fails = false;
  t.match(await metrics.render(), 'keyfan_connections');
});

t.test('the processes that serve: this one, unless told', async (t) => {
  const alone = await scrape(snapshot());
  t.equal(alone.values.get('keyfan_workers'), 1);
  t.equal(alone.values.get('keyfan_worker_restarts_total'), 0);
  const { user, system } = process.cpuUsage();
  const cpu = alone.values.get('keyfan_worker_cpu_seconds_total') as number;
  t.ok(cpu > 0 && cpu <= (user + system) / 1e6, `${cpu} s`);
  t.ok((alone.values.get('keyfan_worker_resident_memory_bytes') as number) > 1e6);
  const workers = { running: 3, restarts: 4, cpuSeconds: 5.5, residentBytes: 6 };
  const { values } = parse(
    await createMetrics(
      () => [],
      () => workers,
    ).render(),
  );
  const names = [
    'keyfan_workers',
    'keyfan_worker_restarts_total',
    'keyfan_worker_cpu_seconds_total',
    'keyfan_worker_resident_memory_bytes',
  ];
  t.same(
    names.map((name) => values.get(name)),
    [3, 4, 5.5, 6],
  );
});

t.test('two registries do not meet', async (t) => {
  const one = createMetrics(() => [snapshot()]);
  const two = createMetrics(() => []);
  t.match(await one.render(), /keyfan_connections\{/);
  t.notMatch(await two.render(), /keyfan_connections\{/);
});

t.test('no label but these, and names are escaped', async (t) => {
  const pool = { ...snapshot(), backends: [{ node: 'unix:/a"b\\c', counters: new BackendCounters() }] };
  pool.counters.requests.fill(1);
  pool.counters.errors.fill(1);
  pool.backends[0]?.counters.errors.fill(1);
  const text = await createMetrics(() => [pool]).render();
  t.match(text, 'keyfan_backend_up{pool="cache",node="unix:/a\\"b\\\\c"} 0\n');
  const labels = new Set(
    [...text.matchAll(/^keyfan_\w+\{(.*)\} /gm)].flatMap(([, list]) => [...(list as string).matchAll(/(\w+)="/g)].map((match) => match[1])),
  );
  t.same([...labels].sort(), ['code', 'command', 'hash', 'le', 'node', 'pool']);
});
