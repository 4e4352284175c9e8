import { DATASETS, type DatasetName, LIST_ELEMENTS, value } from './datasets.ts';

/** One row a workload: what is sent, by how many clients, how deep they pipeline. */
export interface Workload {
  readonly name: string;
  readonly pipeline: number;
  readonly clients: number;
  /** Over Unix sockets on both sides: client to proxy and proxy to node. */
  readonly over: 'tcp' | 'unix';
  readonly dataset: DatasetName;
  /** A connection for each request. */
  readonly connects: boolean;
  /** redis-benchmark's arguments; each `__rand_int__` becomes another 12-digit number each time. None: the mixed workload. */
  readonly args: readonly string[];
  /** Part of the short form. */
  readonly short: boolean;
}

const CLIENTS = 50;
const key = (name: DatasetName): string => `${DATASETS[name].prefix}:__rand_int__`;
const repeat = (count: number, args: readonly string[]): string[] => Array.from({ length: count }, () => args).flat();

/** A key's commands with one key, by the first word of the row's name. */
const SINGLE: Readonly<Record<string, (dataset: DatasetName) => string[]>> = {
  get: (dataset) => ['GET', key(dataset)],
  set: (dataset) => ['SET', key(dataset), value(dataset)],
};

const MULTI: Readonly<Record<string, { readonly dataset: DatasetName; readonly args: (count: number) => string[] }>> = {
  mget: { dataset: 'small', args: (count) => ['MGET', ...repeat(count, [key('small')])] },
  mset: { dataset: 'small', args: (count) => ['MSET', ...repeat(count, [key('small'), value('small')])] },
  // Of keys that are not there: a key that was would be gone after its first DEL. The proxy's work is the same.
  del: { dataset: 'absent', args: (count) => ['DEL', ...repeat(count, [key('absent')])] },
};

type Shape = Partial<Pick<Workload, 'clients' | 'connects' | 'over' | 'short'>>;

function row(name: string, pipeline: number, dataset: DatasetName, args: readonly string[], shape: Shape = {}): Workload {
  return { name, pipeline, clients: CLIENTS, over: 'tcp', dataset, connects: false, args, short: false, ...shape };
}

/** GET and SET of the same kind. */
function pair(suffix: string, pipeline: number, dataset: DatasetName, shape: Shape = {}): Workload[] {
  return Object.entries(SINGLE).map(([verb, args]) => row(`${verb}-${suffix}`, pipeline, dataset, args(dataset), shape));
}

const multi = (verb: string, count: number, pipeline: number, shape: Shape = {}): Workload => {
  const { dataset, args } = MULTI[verb] as (typeof MULTI)[string];
  return row(`${verb}-${count}${pipeline === 1 ? '' : `-p${pipeline}`}`, pipeline, dataset, args(count), shape);
};

const SHORT = { short: true };
const lrange = ['LRANGE', key('list'), '0', String(LIST_ELEMENTS - 1)];

export const WORKLOADS: readonly Workload[] = [
  ...pair('p1', 1, 'small', SHORT),
  ...pair('p8', 8, 'small'),
  ...pair('p16', 16, 'small', SHORT),
  ...pair('p64', 64, 'small', SHORT),
  ...pair('p256', 256, 'small', SHORT),
  ...pair('p1-c1', 1, 'small', { clients: 1 }),
  ...pair('p1-c500', 1, 'small', { clients: 500 }),
  ...pair('p1-c5000', 1, 'small', { clients: 5000 }),
  ...pair('connect', 1, 'small', { connects: true }),
  ...pair('1k-p1', 1, '1k', SHORT),
  ...pair('1k-p16', 16, '1k'),
  ...pair('1k-p256', 256, '1k'),
  ...pair('10k-p1', 1, '10k', SHORT),
  ...pair('10k-p16', 16, '10k'),
  ...pair('100k-p1', 1, '100k', SHORT),
  ...pair('1m-p1', 1, '1m', SHORT),
  ...Object.keys(MULTI).flatMap((verb) =>
    [10, 100, 1000].map((count) => multi(verb, count, 1, { short: verb === 'mget' && count === 100 })),
  ),
  multi('mget', 100, 16, SHORT),
  row('mget-100-of-1k', 1, '1k', ['MGET', ...repeat(100, [key('1k')])]),
  row('mget-100-of-1k-p16', 16, '1k', ['MGET', ...repeat(100, [key('1k')])]),
  multi('mset', 100, 16),
  multi('del', 100, 16),
  row('lrange-600', 1, 'list', lrange),
  row('lrange-600-p16', 16, 'list', lrange),
  row('mixed-p1', 1, 'small', []),
  row('mixed-p16', 16, 'small', []),
  ...pair('p1-unix', 1, 'small', { over: 'unix' }),
  ...pair('p16-unix', 16, 'small', { over: 'unix' }),
];

/** The workloads whose name matches the pattern; without one the short form. */
export function select(pattern: string, full = false): readonly Workload[] {
  if (pattern === '') return full ? WORKLOADS : WORKLOADS.filter(({ short }) => short);
  const wanted = new RegExp(pattern);
  return WORKLOADS.filter(({ name }) => wanted.test(name));
}
