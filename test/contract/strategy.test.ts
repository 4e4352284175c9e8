import { fileURLToPath } from 'node:url';
import t from 'tap';
import { KERNEL_HASHES } from '../../src/kernel/kernel.ts';
import { HASH_NAMES } from '../../src/routing/hash/registry.ts';
import { loadStrategy } from '../../src/routing/load-strategy.ts';
import { STRATEGIES } from '../../src/routing/strategies/registry.ts';
import type { Strategy } from '../../src/routing/strategy.ts';
import { type Subject, strategySuite } from './strategy-suite.ts';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const builtIn = (type: string): Strategy => STRATEGIES.get(type) as Strategy;

const subjects: Subject[] = [
  { name: 'ring', strategy: builtIn('ring'), tag: '{}', kernel: true, weighted: true, consistent: true, strict: true },
  {
    name: 'ring, tag $$',
    strategy: builtIn('ring'),
    options: { hash_tag: '$$', hash: 'md5' },
    tag: '$$',
    weighted: true,
    consistent: true,
    strict: true,
  },
  {
    name: 'ring, no tag',
    strategy: builtIn('ring'),
    options: { hash_tag: '' },
    kernel: true,
    weighted: true,
    consistent: true,
    strict: true,
  },
  { name: 'slots', strategy: builtIn('slots'), tag: '{}', kernel: true, strict: true },
  { name: 'hashring', strategy: builtIn('hashring'), weighted: true, consistent: true, strict: true },
  {
    name: 'hashring, sha256',
    strategy: builtIn('hashring'),
    options: { algorithm: 'sha256' },
    weighted: true,
    consistent: true,
    strict: true,
  },
  { name: 'random', strategy: builtIn('random'), strict: true },
  // On modulo, not on the ring: crc32 gives fifteen bits only, which lie in one corner of a ring.
  ...HASH_NAMES.map(
    (hash): Subject => ({
      name: `modulo, ${hash}`,
      strategy: builtIn('modulo'),
      options: { hash },
      kernel: KERNEL_HASHES.has(hash),
      weighted: true,
      strict: true,
    }),
  ),
  {
    name: 'modulo by label',
    strategy: builtIn('modulo'),
    options: { order: 'label' },
    tag: '{}',
    kernel: true,
    weighted: true,
    strict: true,
  },
  { name: 'the example', strategy: await loadStrategy('./my-strategy.js', examples), weighted: true, consistent: true },
  {
    name: 'the example, seed 7',
    strategy: await loadStrategy('./my-strategy.js', examples),
    options: { seed: 7 },
    weighted: true,
    consistent: true,
  },
];

t.test('every built-in strategy is held to the contract', async (t) => {
  t.strictSame(
    [...STRATEGIES.values()].filter((strategy) => !subjects.some((subject) => subject.strategy === strategy)),
    [],
  );
});

for (const subject of subjects) {
  t.test(subject.name, async (t) => {
    strategySuite(t, subject);
  });
}
