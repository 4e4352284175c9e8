import { argEnd, argStart, type RequestView } from '../protocol/request.ts';
import { RequestBuilder } from '../protocol/request-builder.ts';
import { NO_NODE, type Topology } from '../routing/topology.ts';

/**
 * Cuts one request into a fragment for each node that has some of its keys. One instance serves all requests, one after the other.
 *
 *   keys        k0 k1 k2 k3 k4      on nodes  2  0  2  1  0
 *   fragments   [ node 2: k0 k2 ] [ node 0: k1 k4 ] [ node 1: k3 ]      in order of first appearance
 *   fragmentOf   0  1  0  2  1
 */
export class Splitter {
  /** Number of fragments; 0 where some key has no node. Where it is 1 nothing was built: the request can go as it is. */
  fragments = 0;
  /** By fragment: the index of its node, its number of keys, its request. */
  readonly node: Int32Array;
  readonly count: Int32Array;
  readonly requests: readonly RequestBuilder[];
  /** By key: its fragment. */
  fragmentOf = new Uint16Array(64);
  readonly #fragmentOfNode: Int32Array;

  constructor(nodeCount: number) {
    this.node = new Int32Array(nodeCount);
    this.count = new Int32Array(nodeCount);
    this.requests = Array.from({ length: nodeCount }, () => new RequestBuilder());
    this.#fragmentOfNode = new Int32Array(nodeCount);
  }

  /**
   * Splits a request whose `keys` keys stand at argument `first`, `first + step` …; what follows a key goes with it. Neighbours
   * on the same node are copied as one piece, and nothing is copied before a second node appears.
   */
  split(view: RequestView, first: number, step: number, keys: number, topology: Topology): void {
    if (keys > this.fragmentOf.length) this.fragmentOf = new Uint16Array(keys * 2);
    this.fragments = 0;
    this.#fragmentOfNode.fill(-1);
    let piece = -1;
    let pieceAt = first;
    let arg = first;
    for (let key = 0; key < keys; key++, arg += step) {
      const node = topology.nodeFor(view.buf, argStart(view, arg), argEnd(view, arg));
      if (node === NO_NODE) {
        this.fragments = 0;
        return;
      }
      let fragment = this.#fragmentOfNode[node] as number;
      if (fragment < 0) fragment = this.#open(node);
      if (fragment !== piece) {
        if (piece >= 0) (this.requests[piece] as RequestBuilder).append(view, pieceAt, arg - 1);
        piece = fragment;
        pieceAt = arg;
      }
      this.count[fragment] = (this.count[fragment] as number) + 1;
      this.fragmentOf[key] = fragment;
    }
    if (this.fragments <= 1) return;
    (this.requests[piece] as RequestBuilder).append(view, pieceAt, arg - 1);
    for (let i = 0; i < this.fragments; i++) (this.requests[i] as RequestBuilder).finish(1 + (this.count[i] as number) * step, view);
  }

  #open(node: number): number {
    const fragment = this.fragments++;
    this.#fragmentOfNode[node] = fragment;
    this.node[fragment] = node;
    this.count[fragment] = 0;
    (this.requests[fragment] as RequestBuilder).begin();
    return fragment;
  }
}
