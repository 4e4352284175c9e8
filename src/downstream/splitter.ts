import { gather, MANY } from '../kernel/kernel.ts';
import { ARGS_AT, BYTES, CELL_INTS, CELLS, CELLS_AT, HEAD_MAX, ORDER, ORDER_AT, OUT_AT } from '../kernel/memory.ts';
import { stage } from '../kernel/staged.ts';
import { argEnd, argStart, type RequestView } from '../protocol/request.ts';
import { RequestBuilder, writeHead } from '../protocol/request-builder.ts';
import { NO_NODE, type Topology } from '../routing/topology.ts';

/**
 * Cuts one request into a fragment for each node that has some of its keys. One instance serves all requests, one after the other.
 *
 *   keys        k0 k1 k2 k3 k4      on nodes  2  0  2  1  0
 *   fragments   [ node 2: k0 k2 ] [ node 0: k1 k4 ] [ node 1: k3 ]      in order of first appearance
 *   order        0  1  0  2  1
 *
 * Many keys are cut in the kernel, few or large ones here. The fragments are good until the next request is worked on.
 */
export class Splitter {
  /** Number of fragments; 0 where some key has no node. Where it is 1 nothing was built: the request can go as it is. */
  fragments = 0;
  /** By fragment: the index of its node, its number of keys, and where its request is. */
  readonly node: Int32Array;
  readonly count: Int32Array;
  readonly bufs: Buffer[];
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** By key: its fragment. */
  order: Uint16Array = ORDER;
  readonly #builders: readonly RequestBuilder[];
  readonly #fragmentOfNode: Int32Array;

  constructor(nodeCount: number) {
    this.node = new Int32Array(nodeCount);
    this.count = new Int32Array(nodeCount);
    this.bufs = new Array(nodeCount).fill(BYTES);
    this.start = new Int32Array(nodeCount);
    this.end = new Int32Array(nodeCount);
    this.#builders = Array.from({ length: nodeCount }, () => new RequestBuilder());
    this.#fragmentOfNode = new Int32Array(nodeCount);
  }

  /** Splits a request whose `keys` keys stand at argument `first`, `first + step` …; what follows a key goes with it. */
  split(view: RequestView, first: number, step: number, keys: number, topology: Topology): void {
    if (keys < MANY || !this.#splitMany(view, first, step, keys, topology)) this.#splitFew(view, first, step, keys, topology);
  }

  /** In the kernel; false where that cannot be, and then nothing was done. */
  #splitMany(view: RequestView, first: number, step: number, keys: number, topology: Topology): boolean {
    const base = stage(view);
    const fragments = base < 0 ? 0 : topology.split(base, first, step, keys);
    if (fragments === 0) return false;
    this.fragments = fragments;
    this.order = ORDER;
    let at = OUT_AT;
    for (let i = 0; i < fragments; i++) {
      const cell = i * CELL_INTS;
      this.node[i] = CELLS[cell] as number;
      this.count[i] = CELLS[cell + 1] as number;
      const size = CELLS[cell + 2] as number;
      at += HEAD_MAX;
      CELLS[cell] = at;
      this.start[i] = at;
      at += size;
      this.end[i] = at;
    }
    if (fragments === 1) return true;
    gather(base, ARGS_AT, first, step, keys, ORDER_AT, CELLS_AT);
    for (let i = 0; i < fragments; i++) {
      this.bufs[i] = BYTES;
      this.start[i] = writeHead(BYTES, this.start[i] as number, 1 + (this.count[i] as number) * step, view);
    }
    return true;
  }

  /** Neighbours on the same node are copied as one piece, and nothing is copied before a second node appears. */
  #splitFew(view: RequestView, first: number, step: number, keys: number, topology: Topology): void {
    this.order = keys > ORDER.length ? new Uint16Array(keys) : ORDER;
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
      const fragment = this.#fragmentFor(node);
      if (fragment !== piece) {
        if (piece >= 0) (this.#builders[piece] as RequestBuilder).append(view, pieceAt, arg - 1);
        piece = fragment;
        pieceAt = arg;
      }
      this.count[fragment] = (this.count[fragment] as number) + 1;
      this.order[key] = fragment;
    }
    if (this.fragments <= 1) return;
    (this.#builders[piece] as RequestBuilder).append(view, pieceAt, arg - 1);
    for (let i = 0; i < this.fragments; i++) {
      const builder = this.#builders[i] as RequestBuilder;
      builder.finish(1 + (this.count[i] as number) * step, view);
      this.bufs[i] = builder.buf;
      this.start[i] = builder.start;
      this.end[i] = builder.end;
    }
  }

  #fragmentFor(node: number): number {
    const known = this.#fragmentOfNode[node] as number;
    if (known >= 0) return known;
    const fragment = this.fragments++;
    this.#fragmentOfNode[node] = fragment;
    this.node[fragment] = node;
    this.count[fragment] = 0;
    (this.#builders[fragment] as RequestBuilder).begin();
    return fragment;
  }
}
