import type { RedisNode } from '../test/support/redis.ts';
import { connectResp } from '../test/support/resp-client.ts';

/** Keys are `PREFIX:` and 12 digits, from 0 up. Every node holds all of them: whatever is asked for is there. */
export interface Dataset {
  readonly prefix: string;
  readonly valueBytes: number;
  /** Fewer of the large ones, which would fill the memory. */
  readonly keysMax: number;
  /** `absent` keys are never written. */
  readonly kind: 'string' | 'list' | 'absent';
}

/** Small enough to stay in the nodes' caches: with more keys it is the nodes' memory that is measured (`--keyspace` changes it). */
export const KEYSPACE = 10_000;
export const LIST_ELEMENTS = 600;

const strings = (prefix: string, valueBytes: number, keysMax = Number.POSITIVE_INFINITY): Dataset => ({
  prefix,
  valueBytes,
  keysMax,
  kind: 'string',
});

export const DATASETS = {
  small: strings('key', 3),
  '1k': strings('big', 1024),
  '10k': strings('v10k', 10 * 1024, 2000),
  '100k': strings('v100k', 100 * 1024, 200),
  '1m': strings('v1m', 1024 * 1024, 32),
  list: { prefix: 'list', valueBytes: 3, keysMax: 100, kind: 'list' },
  absent: { prefix: 'gone', valueBytes: 3, keysMax: Number.POSITIVE_INFINITY, kind: 'absent' },
} as const satisfies Record<string, Dataset>;

export type DatasetName = keyof typeof DATASETS;

export const value = (name: DatasetName): string => 'x'.repeat(DATASETS[name].valueBytes);
export const keysOf = (name: DatasetName, keyspace: number): number => Math.min(keyspace, DATASETS[name].keysMax);
export const keyOf = (name: DatasetName, index: number): string => `${DATASETS[name].prefix}:${String(index).padStart(12, '0')}`;

const BATCH_KEYS = 1000;
const BATCH_BYTES = 1024 * 1024;

/** Commands that write a dataset, in batches. */
function* commandsOf(name: DatasetName, keyspace: number): Generator<string[]> {
  const { kind, valueBytes } = DATASETS[name];
  const keys = keysOf(name, keyspace);
  if (kind === 'absent') return;
  if (kind === 'list') {
    const elements = Array.from({ length: LIST_ELEMENTS }, () => value(name));
    for (let i = 0; i < keys; i++) yield ['RPUSH', keyOf(name, i), ...elements];
    return;
  }
  const batch = Math.max(1, Math.min(BATCH_KEYS, Math.floor(BATCH_BYTES / valueBytes)));
  for (let first = 0; first < keys; first += batch) {
    const count = Math.min(batch, keys - first);
    yield ['MSET', ...Array.from({ length: count }, (_, i) => [keyOf(name, first + i), value(name)]).flat()];
  }
}

/** Writes datasets to every node. */
export async function fill(nodes: readonly RedisNode[], names: readonly DatasetName[], keyspace: number): Promise<void> {
  for (const node of nodes) {
    const client = await connectResp(node.port, { deadlineMs: 60_000 });
    for (const name of names) {
      for (const command of commandsOf(name, keyspace)) {
        const { text } = await client.command(...command);
        if (text.startsWith('-')) throw new Error(`cannot write the keys of ${name}: ${text}`);
      }
    }
    await client.close();
  }
}
