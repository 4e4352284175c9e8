import { MODULE } from './generated/module.ts';
import { MEMORY } from './memory.ts';

/** The functions of assembly/, where they are described. All numbers are integers, offsets are in `BYTES`. */
interface Kernel {
  copy(to: number, from: number, end: number): void;
  scanArgs(base: number, at: number, to: number, count: number, max: number, out: number): number;
  scanBulks(at: number, to: number, count: number): number;
  scanRequests(
    at: number,
    to: number,
    most: number,
    max: number,
    out: number,
    which: number,
    open: number,
    close: number,
    table: number,
  ): number;
  split(
    which: number,
    open: number,
    close: number,
    table: number,
    base: number,
    args: number,
    first: number,
    step: number,
    keys: number,
    order: number,
    cells: number,
  ): number;
  gather(base: number, args: number, first: number, step: number, keys: number, order: number, ends: number): void;
  merge(order: number, count: number, cells: number, parts: number, out: number): number;
}

const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'));
const instance = new WebAssembly.Instance(module, { env: { memory: MEMORY } });

export const { copy, scanArgs, scanBulks, scanRequests, split, gather, merge } = instance.exports as unknown as Kernel;

/** Fewest elements for which a call of the kernel pays off. */
export const MANY = 8;

/** How the kernel hashes keys: the number of a function, the two bytes of a hash tag (the first -1 where there is none). */
export interface KernelHash {
  readonly which: number;
  readonly open: number;
  readonly close: number;
}

/** How the kernel finds the nodes of keys. */
export interface KernelRouting {
  readonly hash: KernelHash;
  /** Changes whenever the owners of keys may have changed. */
  version(): number;
  /** Offset of the owner table, for the kernel's `ownerOf`. Valid until the next call; 0 where there is none. */
  table(): number;
}

/** The hash functions that the kernel knows, with their numbers there. */
export const KERNEL_HASHES: ReadonlyMap<string, number> = new Map([
  ['murmur', 0],
  ['fnv1a_64', 1],
  ['slot', 2],
]);

/** The function of that name with a hash tag; null where the kernel does not know it. */
export function kernelHash(name: string, open: number, close: number): KernelHash | null {
  const which = KERNEL_HASHES.get(name);
  return which === undefined ? null : { which, open, close };
}
