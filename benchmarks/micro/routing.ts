import { HASHES } from '../../src/routing/hash/registry.ts';
import { STRATEGIES } from '../../src/routing/strategies/registry.ts';
import type { RingNode, Strategy } from '../../src/routing/strategy.ts';
import { measure, type Result } from './harness.ts';

/** Keys of the usual 16 bytes, side by side in one buffer as in a read. */
const KEYS = 1024;
const KEY_BYTES = 16;
const keys = Buffer.from(Array.from({ length: KEYS }, (_, i) => `key:${String(i * 7919).padStart(12, '0')}`).join(''));

const NODES = [3, 100];

export function hashResults(): Result[] {
  return [...HASHES].map(([name, hash]) =>
    measure(`hash ${name}`, (operations) => {
      let sum = 0;
      for (let i = 0; i < operations; i++) {
        const start = (i % KEYS) * KEY_BYTES;
        sum ^= hash(keys, start, start + KEY_BYTES);
      }
      return sum;
    }),
  );
}

export function strategyResults(): Result[] {
  return [...STRATEGIES.values()].flatMap((strategy) => NODES.map((count) => lookUp(strategy, count)));
}

/** Key to node, as the data path asks: locate and owner. */
function lookUp(strategy: Strategy, count: number): Result {
  const nodes = Array.from({ length: count }, (_, i): RingNode => {
    const name = `10.0.0.${i}:6379`;
    return { name, label: name, weight: 1 };
  });
  const locator = strategy.build(nodes, strategy.options.parse({}));
  return measure(`${strategy.type}, ${count} nodes`, (operations) => {
    let sum = 0;
    for (let i = 0; i < operations; i++) {
      const start = (i % KEYS) * KEY_BYTES;
      sum += locator.owners[locator.locate(keys, start, start + KEY_BYTES)] as number;
    }
    return sum;
  });
}
