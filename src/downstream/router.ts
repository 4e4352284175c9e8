import { collectKeys, KeyList } from '../command/keys.ts';
import type { CommandRow } from '../command/row.ts';
import type { KernelRouting } from '../kernel/kernel.ts';
import { argBytes, argEnd, argStart, type RequestView } from '../protocol/request.ts';
import { NO_NODE, type Topology } from '../routing/topology.ts';
import type { Backend } from '../upstream/backend.ts';
import { hashTagOf, isTagged } from './tagged.ts';

/** Instead of a node: the keys belong to several. */
export const CROSS_SLOT = -2;
/** Instead of a node: the request has no keys, or is invalid, which any node will say. */
export const NO_KEYS = -3;

/** Finds the nodes of requests. One for all sessions of a pool. */
export class Router {
  /** Swapped whole when nodes are ejected or come back. */
  topology: Topology;
  /** False in a pool where any node serves every key. */
  readonly keyed: boolean;
  /** How the kernel finds the nodes of keys; null where it cannot, or there is nothing to find. */
  readonly kernelRouting: KernelRouting | null;
  readonly #backends: readonly Backend[];
  readonly #keys = new KeyList();
  /** Scratch for `pickAny`. */
  readonly #load: Int32Array;
  readonly #up: Uint8Array;

  /** `backends` in the order of `topology.nodes`. */
  constructor(topology: Topology, backends: readonly Backend[]) {
    this.topology = topology;
    this.keyed = topology.source.strategy.placement === 'keyed';
    const { hashing } = topology.locator;
    this.kernelRouting =
      this.keyed && hashing ? { hash: hashing, version: () => this.topology.version, table: () => this.topology.kernelTable() } : null;
    this.#backends = backends;
    this.#load = new Int32Array(topology.nodes.length);
    this.#up = new Uint8Array(topology.nodes.length);
  }

  /** Index of the node that has the key at argument `arg`, or NO_NODE. */
  nodeOfSole(view: RequestView, arg: number): number {
    if (arg === 1 && view.hash >= 0) return this.topology.nodeForHash(view.hash);
    return this.topology.nodeFor(view.buf, argStart(view, arg), argEnd(view, arg));
  }

  /** Index of the node that has all keys of the request, or NO_NODE, CROSS_SLOT, NO_KEYS. */
  nodeOf(view: RequestView, row: CommandRow): number {
    const count = collectKeys(row, view, this.#keys);
    if (count <= 0) return NO_KEYS;
    if (!this.keyed) return this.pickNode();
    const node = this.#nodeOfKey(view, 0);
    for (let key = 1; key < count; key++) if (this.#nodeOfKey(view, key) !== node) return CROSS_SLOT;
    return node;
  }

  /** Index of the node of a channel. Where any node serves every key it is the first one that is in service. */
  nodeOfName(name: Buffer): number {
    if (!this.keyed) return this.firstNode();
    return this.topology.nodeFor(name, 0, name.length);
  }

  /** See `Covers`. A pattern tells its node by a hash tag before its `*`; with a single node, or where any will do, it need not. */
  readonly covers = (view: RequestView, key: number, pattern: number): boolean => {
    const { nodes, source } = this.topology;
    if (!this.keyed || nodes.length === 1) return true;
    const node = this.topology.nodeFor(view.buf, argStart(view, key), argEnd(view, key));
    if (!isTagged(hashTagOf(source), argBytes(view, pattern))) return false;
    return node !== NO_NODE && node === this.topology.nodeFor(view.buf, argStart(view, pattern), argEnd(view, pattern));
  };

  /** Name of the node of a key; all names with commas between where any node serves every key. */
  nameOf(key: Buffer): string {
    const { nodes } = this.topology;
    if (!this.keyed) return nodes.map(({ name }) => name).join(',');
    return nodes[this.nodeOfName(key)]?.name ?? '';
  }

  #nodeOfKey(view: RequestView, key: number): number {
    const arg = this.#keys.at[key] as number;
    return this.topology.nodeFor(view.buf, argStart(view, arg), argEnd(view, arg));
  }

  /** A node for what every node answers alike: the first that is up. */
  anyNode(): number {
    const node = this.#backends.findIndex((backend, i) => backend.state === 'up' && this.topology.live[i] === 1);
    return node >= 0 ? node : this.firstNode();
  }

  /** Indexes of the nodes that are in service. */
  liveNodes(): number[] {
    const { live } = this.topology;
    return [...live.keys()].filter((node) => live[node] === 1);
  }

  /** The node of what has no key and must always go to the same one. */
  firstNode(): number {
    return this.topology.live.indexOf(1);
  }

  /** One of the nodes that all hold everything. */
  pickNode(): number {
    for (let i = 0; i < this.#backends.length; i++) {
      const backend = this.#backends[i] as Backend;
      this.#load[i] = backend.inFlight;
      this.#up[i] = backend.state === 'up' ? 1 : 0;
    }
    return this.firstNode() < 0 ? NO_NODE : this.topology.pickAny(this.#load, this.#up, Math.random);
  }
}
