import { type KernelHash, kernelHash } from '../../kernel/kernel.ts';
import type { HashFn } from '../hash/hash.ts';
import { HASHES, type HashName } from '../hash/registry.ts';
import { type HashTag, hashKey, parseTag } from '../hash/tag.ts';
import { explainHash } from './explain.ts';

/** The options `hash` and `hash_tag`, built: what the strategies that hash as nutcracker does begin with. */
export class KeyHash {
  readonly #hash: HashFn;
  readonly #name: HashName;
  readonly #tag: HashTag;
  readonly #open: number;
  readonly #close: number;
  /** The same for the kernel; null where it does not know the function. */
  readonly kernel: KernelHash | null;

  constructor(name: HashName, tag: string) {
    this.#hash = HASHES.get(name) as HashFn;
    this.#name = name;
    this.#tag = parseTag(tag);
    this.#open = this.#tag.open;
    this.#close = this.#tag.close;
    this.kernel = kernelHash(name, this.#open, this.#close);
  }

  /** The hash of the part of the key in `buf[start, end)` that counts; an unsigned 32-bit integer. */
  of(buf: Uint8Array, start: number, end: number): number {
    return hashKey(this.#hash, this.#open, this.#close, buf, start, end);
  }

  /** What `of` does with the key, step by step. */
  explain(key: Uint8Array): string[] {
    return explainHash(this.#tag, this.#name, key, this.of(key, 0, key.length));
  }
}
