import type { RequestView } from '../protocol/request.ts';
import { argEnd, argStart } from '../protocol/request.ts';
import { NO_NODE, type Topology } from '../routing/topology.ts';

/**
 * Groups the keys of one request by node. One instance serves all requests, one after the other.
 *
 *   keys      k0 k1 k2 k3 k4          nodeOf  2  0  2  1  0
 *   fragments [ node 2: k0 k2 ] [ node 0: k1 k4 ] [ node 1: k3 ]      in order of first appearance
 *   chain     first[f] ─▶ next[k] ─▶ … ─▶ -1                            keys of a fragment, in order
 */
export class Splitter {
  /** Number of fragments; 0 where some key has no node. */
  fragments = 0;
  /** Keys in the request. */
  keys = 0;
  /** By fragment: index of its node, its first key, its number of keys. */
  readonly node: Int32Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** By key: the next key of the same fragment or -1, and its fragment. */
  next = new Int32Array(64);
  fragmentOf = new Uint16Array(64);
  readonly #last: Int32Array;
  readonly #fragmentOfNode: Int32Array;

  constructor(nodeCount: number) {
    this.node = new Int32Array(nodeCount);
    this.first = new Int32Array(nodeCount);
    this.count = new Int32Array(nodeCount);
    this.#last = new Int32Array(nodeCount);
    this.#fragmentOfNode = new Int32Array(nodeCount);
  }

  /** Groups the `keys` keys that stand at argument `at`, `at + step` … */
  group(view: RequestView, at: number, step: number, keys: number, topology: Topology): void {
    if (keys > this.next.length) this.#grow(keys);
    this.keys = keys;
    this.fragments = 0;
    this.#fragmentOfNode.fill(-1);
    for (let key = 0, arg = at; key < keys; key++, arg += step) {
      const node = topology.nodeFor(view.buf, argStart(view, arg), argEnd(view, arg));
      if (node === NO_NODE) {
        this.fragments = 0;
        return;
      }
      this.#add(key, node);
    }
  }

  #add(key: number, node: number): void {
    let fragment = this.#fragmentOfNode[node] as number;
    if (fragment < 0) {
      fragment = this.fragments++;
      this.#fragmentOfNode[node] = fragment;
      this.node[fragment] = node;
      this.first[fragment] = key;
      this.count[fragment] = 0;
    } else {
      this.next[this.#last[fragment] as number] = key;
    }
    this.#last[fragment] = key;
    this.next[key] = -1;
    this.fragmentOf[key] = fragment;
    this.count[fragment] = (this.count[fragment] as number) + 1;
  }

  #grow(keys: number): void {
    this.next = new Int32Array(keys * 2);
    this.fragmentOf = new Uint16Array(keys * 2);
  }
}
