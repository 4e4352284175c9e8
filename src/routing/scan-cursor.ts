import { fnv1ax32 } from './hash/fnv.ts';

/**
 * A cursor of SCAN over the whole fleet: a number that names a node by its identity and holds that node's own cursor. Clients that keep
 * it in a double (node-redis 4) must not lose any of it: it has 53 bits.
 *
 *   bit 52   41                     0
 *   │ tag 12   │ the node's cursor  │      0 is the beginning, and the end
 *
 * A tag is made of the node's name, so a cursor stays good as long as the node does, whatever stands before it in the configuration. Nodes
 * are visited in the order of their tags.
 */
const NODE_BITS = 41n;
const NODE_MASK = (1n << NODE_BITS) - 1n;
const UINT64_MAX = (1n << 64n) - 1n;
const TAG_MAX = 0xfff;

/** Each node has a tag of its own. */
export const SCANNED_NODES_MAX = TAG_MAX;

/** Where a scan goes on. */
export interface ScanPlace {
  /** Index of the node. */
  readonly node: number;
  /** The node's own cursor, as text. */
  readonly cursor: string;
}

export class ScanCursors {
  /** By node: its tag. */
  readonly #tags: readonly number[];
  /** Indexes of the nodes in the order of their tags. */
  readonly #order: readonly number[];

  /** `names` are those of the nodes, each once. */
  constructor(names: readonly string[]) {
    const taken = new Map<number, string>();
    for (const name of [...names].sort()) {
      const bytes = Buffer.from(name);
      let tag = (fnv1ax32(bytes, 0, bytes.length) % TAG_MAX) + 1;
      while (taken.has(tag)) tag = (tag % TAG_MAX) + 1;
      taken.set(tag, name);
    }
    const byName = new Map([...taken].map(([tag, name]) => [name, tag]));
    this.#tags = names.map((name) => byName.get(name) as number);
    this.#order = [...names.keys()].sort((a, b) => (this.#tags[a] as number) - (this.#tags[b] as number));
  }

  /**
   * Where the cursor of a request points; null where it is no number of 64 bits, -1 where it names no node. `live` tells by node whether it
   * is in service: the scan begins with one that is. Nothing is 0, as in Redis.
   */
  parse(text: string, live: Uint8Array): ScanPlace | null | -1 {
    if (!/^\d{0,20}$/.test(text)) return null;
    const value = BigInt(text);
    if (value > UINT64_MAX) return null;
    if (value === 0n) return { node: this.#order.find((node) => live[node] === 1) ?? 0, cursor: '0' };
    const node = this.#tags.indexOf(Number(value >> NODE_BITS));
    return node < 0 ? -1 : { node, cursor: String(value & NODE_MASK) };
  }

  /** The cursor behind the place where node `node` answered with its own cursor `cursor`; null where that does not fit. */
  next(node: number, cursor: string, live: Uint8Array): string | null {
    const value = BigInt(cursor);
    if (value > NODE_MASK) return null;
    if (value > 0n) return String((BigInt(this.#tags[node] as number) << NODE_BITS) | value);
    const following = this.#order.slice(this.#order.indexOf(node) + 1).find((each) => live[each] === 1);
    return following === undefined ? '0' : String(BigInt(this.#tags[following] as number) << NODE_BITS);
  }
}
