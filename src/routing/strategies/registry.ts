import type { Strategy } from '../strategy.ts';
import { hashring } from './hashring.ts';
import { modulo } from './modulo.ts';
import { random } from './random.ts';
import { ring } from './ring.ts';
import { slots } from './slots.ts';

/** The built-in strategies by the name a configuration gives as `strategy` or `strategy.type`. */
export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map(
  [modulo, ring, slots, random, hashring].map((strategy): [string, Strategy] => [strategy.type, strategy as Strategy]),
);
