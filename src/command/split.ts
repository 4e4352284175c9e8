import type { SplitName } from './row.ts';

/** How a command is cut into one fragment for each node, and how the replies become one. */
export interface Split {
  /** Index of the first key. */
  readonly first: number;
  /** Arguments that stay together: 1 a key, 2 a key and its value. */
  readonly step: number;
  /** `array`: elements put back in the order of the keys; `status`: OK if all are; `sum`: integers added. */
  readonly merge: 'array' | 'status' | 'sum';
}

export const SPLITS: Readonly<Record<SplitName, Split>> = {
  mget: { first: 1, step: 1, merge: 'array' },
  mset: { first: 1, step: 2, merge: 'status' },
  sum: { first: 1, step: 1, merge: 'sum' },
};

/** False where a key lacks its value (`MSET a 1 b`): Redis calls that a wrong number of arguments. */
export function isWhole(split: Split, argc: number): boolean {
  return (argc - split.first) % split.step === 0;
}
