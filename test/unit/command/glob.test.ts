import t from 'tap';
import { globMatches } from '../../../src/command/glob.ts';

const CASES: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['get', 'GET', true],
  ['g*t', 'getsets', false],
  ['g*t', 'getdelt', true],
  ['*e*t*', 'geset', true],
  ['?et', 'get', true],
  ['?', '', false],
  ['[gs]et', 'set', true],
  ['[^g]et', 'get', false],
  ['[a-h]et', 'get', true],
  ['[h-a]et', 'get', true],
  ['[a-c]et', 'get', false],
  ['g\\et', 'get', true],
  ['g\\*', 'get', false],
  ['config|*', 'config|get', true],
  ['[ge', 'g', true],
  ['[\\]]', ']', true],
  ['a\\', 'a\\', true],
];

t.test('globs', (t) => {
  for (const [pattern, text, matches] of CASES) t.equal(globMatches(pattern, text), matches, `${pattern} on ${text}`);
  t.end();
});

t.test('many stars do not explode', (t) => {
  // Full backtracking would need more steps than there is time for.
  t.equal(globMatches(`${'*a'.repeat(40)}b`, 'a'.repeat(200)), false);
  t.end();
});
