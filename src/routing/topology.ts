import { split } from '../kernel/kernel.ts';
import { ARGS_AT, CELLS_AT, FRAGMENTS_MAX, ORDER_AT } from '../kernel/memory.ts';
import { OwnerTable } from '../kernel/tables.ts';
import type { Locator, RingNode, Strategy } from './strategy.ts';

/** What a pool's routing is built from; stays the same while nodes go out of service and come back. */
export interface TopologySource {
  readonly strategy: Strategy;
  /** Parsed by `strategy.options`. */
  readonly options: unknown;
  /** As listed in the pool, at least one. Every node index outside this file is a position in this list. */
  readonly nodes: readonly RingNode[];
}

/** Returned instead of a node index where no node is in service, or a user's strategy gave no valid partition. */
export const NO_NODE = -1;

/** Stands in where every node is ejected. */
const NOWHERE: Locator = { partitions: 0, owners: new Uint16Array(0), locate: () => 0 };

/**
 * Who serves which key: an immutable snapshot, swapped whole.
 *
 *   key ── locator.locate ──▶ partition ── owners[] ──▶ index in `nodes`
 *
 * The locator is built from the live nodes only, as nutcracker does: with a node ejected, the others share the ring as if it were
 * not configured. `owners` is the locator's table with its indexes translated back to the full list.
 */
export class Topology {
  readonly version: number;
  readonly source: TopologySource;
  readonly nodes: readonly RingNode[];
  readonly locator: Locator;
  readonly owners: Uint16Array;
  /** 1 where the node is in service, 0 where it is ejected. */
  readonly live: Uint8Array;
  /** `locator` and `owners` for the kernel; null where it cannot follow. */
  readonly #table: OwnerTable | null;

  /** Throws what `strategy.build` throws, and where nodes are ejected whose strategy does not allow it. */
  constructor(source: TopologySource, version = 1, ejected: ReadonlySet<number> = new Set()) {
    if (ejected.size > 0 && !source.strategy.ejectable) throw new Error(`nodes of a ${source.strategy.type} pool cannot be ejected`);
    this.version = version;
    this.source = source;
    this.nodes = source.nodes;
    this.live = Uint8Array.from(source.nodes, (_, index) => (ejected.has(index) ? 0 : 1));
    const indexes = [...source.nodes.keys()].filter((index) => this.live[index] === 1);
    const liveNodes = indexes.map((index) => source.nodes[index] as RingNode);
    this.locator = liveNodes.length === 0 ? NOWHERE : source.strategy.build(liveNodes, source.options);
    this.owners = this.locator.owners.map((owner) => indexes[owner] as number);
    const { hashing, lookup } = this.locator;
    const follows = hashing !== undefined && hashing !== null && lookup !== undefined && this.nodes.length <= FRAGMENTS_MAX;
    // A user's strategy may leave partitions without an owner, which is for JavaScript to say.
    const whole = follows && lookup.partitions > 0 && this.owners.length >= lookup.partitions;
    this.#table = whole ? new OwnerTable(lookup, this.owners) : null;
  }

  /** The next version, with exactly these nodes out of service. */
  withEjected(ejected: ReadonlySet<number>): Topology {
    return new Topology(this.source, this.version + 1, ejected);
  }

  /** Index of the node that owns the key in `buf[start, end)`, or NO_NODE. */
  nodeFor(buf: Uint8Array, start: number, end: number): number {
    const node: number | undefined = this.owners[this.locator.locate(buf, start, end)];
    return node === undefined ? NO_NODE : node;
  }

  /** As `nodeFor`, by the hash of a key; see `Locator.hashing`. */
  nodeForHash(hash: number): number {
    const node = this.locator.locateHash === undefined ? undefined : this.owners[this.locator.locateHash(hash)];
    return node === undefined ? NO_NODE : node;
  }

  /** Offset of `locator` and `owners` in the kernel's memory, good until it is asked for again; 0 where the kernel cannot follow. */
  kernelTable(): number {
    return this.#table === null ? 0 : this.#table.place();
  }

  /**
   * Finds the nodes of `keys` keys at arguments `first`, `first + step` … of the request that is staged at `base` (see src/kernel): writes
   * ORDER and CELLS as `split` of the kernel does and returns the number of fragments; 0 where that is not known how.
   */
  split(base: number, first: number, step: number, keys: number): number {
    const { hashing } = this.locator;
    const at = this.kernelTable();
    if (at === 0 || hashing === undefined || hashing === null) return 0;
    return split(hashing.which, hashing.open, hashing.close, at, base, ARGS_AT, first, step, keys, ORDER_AT, CELLS_AT);
  }

  /**
   * For placement `any`: the less loaded of two distinct nodes drawn among the healthy ones, the first drawn where they are equal. A node
   * is healthy where it is live and `up[i]` is not 0; where none is, every node counts as healthy, and its error is the answer.
   * `random` gives numbers in [0, 1).
   */
  pickAny(load: Int32Array, up: Uint8Array, random: () => number): number {
    const count = this.nodes.length;
    let healthy = 0;
    for (let i = 0; i < count; i++) if (up[i] !== 0 && this.live[i] === 1) healthy++;
    const all = healthy === 0;
    const choices = all ? count : healthy;
    let first = Math.floor(random() * choices);
    if (choices === 1) return this.#nth(first, up, all);
    let second = Math.floor(random() * (choices - 1));
    if (second >= first) second++;
    first = this.#nth(first, up, all);
    second = this.#nth(second, up, all);
    return (load[second] as number) < (load[first] as number) ? second : first;
  }

  /** Index of the nth healthy node, counted from 0; of the nth node where `all` count as healthy. */
  #nth(n: number, up: Uint8Array, all: boolean): number {
    if (all) return n;
    let left = n;
    for (let i = 0; ; i++) if (up[i] !== 0 && this.live[i] === 1 && left-- === 0) return i;
  }
}
