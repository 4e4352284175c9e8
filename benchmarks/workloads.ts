/** One row a workload: what redis-benchmark sends, to how many keys, how deep it pipelines. */
export interface Workload {
  readonly name: string;
  readonly pipeline: number;
  readonly clients: number;
  readonly dataset: DatasetName;
  /** Arguments; `__rand_int__` becomes another 12-digit number each time. */
  readonly args: readonly string[];
}

/** Keys are `PREFIX:` and 12 digits, from 0 up to the keyspace. */
export interface Dataset {
  readonly prefix: string;
  readonly valueBytes: number;
}

/** Small enough to stay in the nodes' caches: with more keys it is the nodes' memory that is measured (`--keyspace` changes it). */
export const KEYSPACE = 10_000;

export type DatasetName = 'small' | 'large';

export const DATASETS: Readonly<Record<DatasetName, Dataset>> = {
  small: { prefix: 'key', valueBytes: 3 },
  large: { prefix: 'big', valueBytes: 1024 },
};

export const value = (dataset: Dataset): string => 'x'.repeat(dataset.valueBytes);

const key = (name: DatasetName): string => `${DATASETS[name].prefix}:__rand_int__`;
const repeat = (count: number, args: readonly string[]): string[] => Array.from({ length: count }, () => args).flat();

const get = (dataset: DatasetName): string[] => ['GET', key(dataset)];
const set = (dataset: DatasetName): string[] => ['SET', key(dataset), value(DATASETS[dataset])];
const mget = (count: number): string[] => ['MGET', ...repeat(count, [key('small')])];
const mset = (count: number): string[] => ['MSET', ...repeat(count, [key('small'), value(DATASETS.small)])];

const row = (name: string, pipeline: number, dataset: DatasetName, args: readonly string[]): Workload => ({
  name,
  pipeline,
  clients: 50,
  dataset,
  args,
});

export const WORKLOADS: readonly Workload[] = [
  row('get-p1', 1, 'small', get('small')),
  row('set-p1', 1, 'small', set('small')),
  row('get-p16', 16, 'small', get('small')),
  row('set-p16', 16, 'small', set('small')),
  row('get-p64', 64, 'small', get('small')),
  row('set-p64', 64, 'small', set('small')),
  row('get-1k-p1', 1, 'large', get('large')),
  row('set-1k-p1', 1, 'large', set('large')),
  row('get-1k-p16', 16, 'large', get('large')),
  row('set-1k-p16', 16, 'large', set('large')),
  row('mget-10', 1, 'small', mget(10)),
  row('mset-10', 1, 'small', mset(10)),
  row('mget-100', 1, 'small', mget(100)),
  row('mset-100', 1, 'small', mset(100)),
  row('mget-100-p16', 16, 'small', mget(100)),
  row('mset-100-p16', 16, 'small', mset(100)),
];

/** The workloads of these names; a word that is no name takes all whose name begins with it. All where there is no word. */
export function select(words: readonly string[]): readonly Workload[] {
  const isName = (word: string): boolean => WORKLOADS.some(({ name }) => name === word);
  const takes = (word: string, name: string): boolean => (isName(word) ? name === word : name.startsWith(word));
  return words.length === 0 ? WORKLOADS : WORKLOADS.filter(({ name }) => words.some((word) => takes(word, name)));
}
