import type { PartSource } from '../upstream/target.ts';

/** Whose large replies to one client are held up until it has taken more. */
export class Held {
  #sources: PartSource[] = [];

  /** True where others wait behind one of them. */
  get crowded(): boolean {
    return this.#sources.some((source) => source.crowded);
  }

  /** Holds `source` up, where that can be. */
  hold(source: PartSource): void {
    if (source.hold()) this.#sources.push(source);
  }

  /** All go on. */
  release(): void {
    if (this.#sources.length > 0) for (const source of this.#sources.splice(0)) source.resume();
  }
}
