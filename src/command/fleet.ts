import type { MergeName } from './merge.ts';

/** What keyfan does with a request that all nodes get as it is. */
export interface Broadcast {
  readonly merge: MergeName;
  /** Changes something: where only some nodes did it, the error says so. */
  readonly write: boolean;
}

const read = (merge: MergeName): Broadcast => ({ merge, write: false });
const write = (merge: MergeName): Broadcast => ({ merge, write: true });

/** By name in the overrides. */
export const BROADCASTS = {
  sum: read('sum'),
  concat: read('concat'),
  union: read('union'),
  min: read('min'),
  min_each: read('min_each'),
  subscribers: read('subscribers'),
  joined: read('joined'),
  same: read('same'),
  texts: read('texts'),
  said: write('said'),
  running: read('running'),
  events: read('events'),
  history: read('history'),
  log: write('log'),
  most: write('max'),
  killed: write('killed'),
  first: write('first'),
  /** All must say the same. */
  agree: write('status'),
} as const satisfies Record<string, Broadcast>;

export type BroadcastName = keyof typeof BROADCASTS;
