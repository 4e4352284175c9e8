import { mergeBlock } from '../command/merge.ts';
import { BYTES, FRAGMENTS_MAX, ORDER, ORDER_AT } from '../kernel/memory.ts';
import { chunkOf, giveChunk, outgrow, placeOf, SMALL_CHUNK, TINY_CHUNK, takeNear, takeRoom } from '../util/chunk-pool.ts';
import { copyInto } from '../util/copy.ts';
import { giveLater } from '../util/give-later.ts';

/** Less than a chunk, so that `worthView` never keeps a view of a part of it: chunks are used again. */
const BLOCK_MAX = SMALL_CHUNK - 1;

/**
 * The replies to the fragments of one request, as they come, and the order in which their elements are wanted.
 *
 *   block   │ order │ reply to fragment 2 │ to 0 │ to 1 │ ░░░     a chunk of the pool, small or smaller
 *   bounds                                  ^0     ^1
 *   large   what the block has no room for, by fragment
 */
export class Collected {
  #block: Buffer | null = null;
  /** See `placeOf`. */
  #place = 0;
  #end = 0;
  /** Start and end of each fragment's reply, where it is in the block. */
  readonly #bounds: number[];
  #large: Buffer[] | null = null;
  /** The chunks that some of `#large` lie in. */
  #chunks: Buffer[] | null = null;
  #keys: number;
  /** The order, where it is not in the block. */
  #order: Uint16Array | null = null;

  /** `order` has a fragment for each of `keys` elements; it is copied. */
  constructor(fragments: number, order: Uint16Array, keys: number) {
    this.#bounds = new Array<number>(2 * fragments).fill(0);
    this.#keys = keys;
    const size = 2 * keys;
    if (keys === 0) this.#order = order;
    else if (order !== ORDER || size > TINY_CHUNK / 2) this.#order = order.slice(0, keys);
    else {
      copyInto(this.#room(size), this.#place, 0, BYTES, ORDER_AT, ORDER_AT + size);
      this.#end = size;
    }
  }

  get order(): Uint16Array {
    if (this.#order !== null) return this.#order;
    const block = this.#block as Buffer;
    return new Uint16Array(block.buffer, block.byteOffset, this.#keys);
  }

  /** Takes the reply `buf[start, end)`; `given` as in `OutBuffer.append`. */
  put(fragment: number, buf: Buffer, start: number, end: number, given: boolean): void {
    const size = end - start;
    if (given || this.#end + size > BLOCK_MAX) {
      this.#putLarge(fragment, buf, start, end, given);
      return;
    }
    const at = this.#end;
    copyInto(this.#room(size), this.#place, at, buf, start, end);
    this.#end = at + size;
    this.#bounds[2 * fragment] = at;
    this.#bounds[2 * fragment + 1] = this.#end;
  }

  #putLarge(fragment: number, buf: Buffer, start: number, end: number, given: boolean): void {
    const large = given ? buf.subarray(start, end) : takeRoom(end - start);
    if (!given) buf.copy(large, 0, start, end);
    this.#large ??= [];
    this.#large[fragment] = large;
    const chunk = chunkOf(large);
    if (chunk === null) return;
    this.#chunks ??= [];
    this.#chunks.push(chunk);
  }

  /** The block, with room for `size` bytes more. */
  #room(size: number): Buffer {
    const old = this.#block;
    if (old !== null && this.#end + size <= old.length) return old;
    const block = takeNear(this.#end + size <= TINY_CHUNK ? TINY_CHUNK : SMALL_CHUNK);
    if (old !== null) outgrow(old, this.#end, block);
    this.#block = block;
    this.#place = placeOf(block);
    return block;
  }

  /** The reply to a fragment that was answered. Good until `release`. */
  get(fragment: number): Buffer {
    const large = this.#large?.[fragment];
    if (large !== undefined) return large;
    return (this.#block as Buffer).subarray(this.#bounds[2 * fragment], this.#bounds[2 * fragment + 1]);
  }

  /** All replies as one array, where they lie in the block and are plain: see `mergeBlock`. Else 0. */
  merge(): number {
    if (this.#order !== null || this.#large !== null || this.#block === null || this.#bounds.length > 2 * FRAGMENTS_MAX) return 0;
    return mergeBlock(this.#block, this.#place, this.#end, this.#bounds, this.#keys);
  }

  /** Lets go of everything. */
  release(): void {
    if (this.#block !== null) giveChunk(this.#block);
    this.#block = null;
    this.#place = 0;
    this.#large = null;
    // The last one may be just being read: what follows this reply lies there as well.
    for (const chunk of this.#chunks ?? []) giveLater(chunk);
    this.#chunks = null;
  }
}
