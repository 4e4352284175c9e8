import type { z } from 'zod';
import type { KernelHash } from '../kernel/kernel.ts';
import type { Lookup } from '../kernel/tables.ts';

/** What a strategy sees of a node. Its ring identity is its name, never where it can be reached. */
export interface RingNode {
  /** Unique in the pool: the configured name, else the address as typed. */
  readonly name: string;
  /** nutcracker's label: the name if given, else the address as typed, without the port where that is 11211. */
  readonly label: string;
  /** Positive integer, default 1. */
  readonly weight: number;
  /** Only for `slots`: inclusive ranges as configured, e.g. `0-5460,6000`. */
  readonly slots?: string;
}

/**
 * A strategy built for one list of nodes. Pure: the same key always gives the same partition.
 *
 *   key ── locate ──▶ partition ── owners[] ──▶ index of the node in the list it was built from
 */
export interface Locator {
  readonly partitions: number;
  /** For each partition the index of the owning node, in the order the nodes were given. */
  readonly owners: Uint16Array;
  /** Partition of the key in `buf[start, end)`; an integer in [0, partitions). Must not keep `buf`. */
  locate(buf: Uint8Array, start: number, end: number): number;
  /** Set where the partition follows from a hash of the key that the kernel can compute: how, what follows, and the same as a table. */
  readonly hashing?: KernelHash | null;
  locateHash?(hash: number): number;
  readonly lookup?: Lookup;
  /** The steps of a placement for `keyfan route --explain`, e.g. `hashed part: user1`, `murmur: 123`. */
  explain?(key: Uint8Array): readonly string[];
}

/** A partitioning algorithm with its options. `O` is the parsed options object. */
export interface Strategy<O = unknown> {
  readonly type: string;
  /** `keyed`: a key has one home. `any`: every node may serve every key (pure caches). */
  readonly placement: 'keyed' | 'any';
  /** True where nodes may be taken out and put back by health (auto_eject). */
  readonly ejectable: boolean;
  /** Options beside `type`, as a strict zod object; the one source of their types, defaults and docs. */
  readonly options: z.ZodType<O>;
  /** Throws an `Error` with a clear message where nodes and options do not fit. `nodes` is never empty. */
  build(nodes: readonly RingNode[], options: O): Locator;
}

/** What a user's module exports by default: of a `Strategy` only `build` is needed. Without `options` they come as they are written. */
export interface UserStrategy<O = Readonly<Record<string, unknown>>> extends Partial<Omit<Strategy<O>, 'build'>> {
  build(nodes: readonly RingNode[], options: O): UserLocator;
}

/** Of a `Locator` what a user's module needs; keyfan copies the table. */
export interface UserLocator extends Pick<Locator, 'partitions' | 'locate' | 'explain'> {
  readonly owners: readonly number[] | Uint8Array | Uint16Array | Uint32Array;
}
