/** One section of INFO. */
export type Fields = Readonly<Record<string, string | number>>;

/** What INFO tells of all nodes together. */
export interface InfoSums {
  /** The lowest of the nodes' versions: what all of them can do. */
  readonly version: string;
  readonly memory: Fields;
  readonly stats: Fields;
  readonly keyspace: Fields;
}

const MEMORY = ['used_memory', 'used_memory_rss', 'used_memory_dataset', 'used_memory_lua'] as const;
const STATS = ['expired_keys', 'evicted_keys', 'keyspace_hits', 'keyspace_misses'] as const;
const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;

/** Adds up the INFO of all nodes, at least one. */
export function sumInfo(texts: readonly string[]): InfoSums {
  const nodes = texts.map(fieldsOf);
  const sum = (name: string): number => nodes.reduce((total, node) => total + Number(node.get(name) ?? 0), 0);
  const sums = (names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, sum(name)]));
  const policies = new Set(nodes.map((node) => node.get('maxmemory_policy') ?? ''));
  // One node without a limit makes the whole one without.
  const limit = nodes.some((node) => Number(node.get('maxmemory') ?? 0) === 0) ? 0 : sum('maxmemory');
  return {
    version: nodes.map((node) => node.get('redis_version') ?? '').reduce(lower),
    memory: {
      ...sums(MEMORY),
      used_memory_human: human(sum('used_memory')),
      maxmemory: limit,
      maxmemory_human: human(limit),
      ...(policies.size === 1 ? { maxmemory_policy: [...policies][0] as string } : {}),
    },
    stats: sums(STATS),
    keyspace: keyspaceOf(nodes),
  };
}

type Node = ReadonlyMap<string, string>;

function fieldsOf(text: string): Node {
  return new Map([...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)].map(([, name, value]) => [name as string, value as string]));
}

/** `db0:keys=3,expires=1,avg_ttl=500`; the average counts each key that expires. */
function keyspaceOf(nodes: readonly Node[]): Fields {
  const databases = new Map<number, { keys: number; expires: number; ttl: number }>();
  for (const node of nodes) {
    for (const [name, value] of node) {
      const found = /^db(\d+) keys=(\d+),expires=(\d+),avg_ttl=(\d+)/.exec(`${name} ${value}`);
      if (found === null) continue;
      const [database, keys, expires, ttl] = found.slice(1).map(Number) as [number, number, number, number];
      const sum = databases.get(database) ?? { keys: 0, expires: 0, ttl: 0 };
      databases.set(database, { keys: sum.keys + keys, expires: sum.expires + expires, ttl: sum.ttl + ttl * expires });
    }
  }
  const sorted = [...databases].sort(([a], [b]) => a - b);
  const average = (ttl: number, expires: number): number => (expires === 0 ? 0 : Math.round(ttl / expires));
  return Object.fromEntries(
    sorted.map(([n, { keys, expires, ttl }]) => [`db${n}`, `keys=${keys},expires=${expires},avg_ttl=${average(ttl, expires)}`]),
  );
}

function lower(a: string, b: string): string {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0 ? a : b;
  }
  return a;
}

/** As Redis' bytesToHuman. */
function human(bytes: number): string {
  const unit = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return unit === 0 ? `${bytes}B` : `${(bytes / 1024 ** unit).toFixed(2)}${UNITS[unit]}`;
}
