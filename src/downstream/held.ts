import type { PartSource } from '../upstream/target.ts';

/** A client that keeps others waiting is disconnected so many times sooner. */
const CROWDED = 5;

/** The sources of large replies to one client that are held up until it has taken more. */
export class Held {
  #sources: PartSource[] = [];

  /** How long the client may take nothing: `stallMs`, or less where others wait behind it. */
  patienceMs(stallMs: number): number {
    return this.#sources.some((source) => source.crowded) ? stallMs / CROWDED : stallMs;
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
