import t from 'tap';
import { editDistance, hint, nearest } from '../../../src/config/spelling.ts';

t.test('edit distance', async (t) => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['listen', 'lisen', 1],
    ['weight', 'wieght', 1],
    ['ab', 'ba', 1],
    ['flaw', 'lawn', 2],
  ];
  for (const [a, b, distance] of cases) {
    t.equal(editDistance(a, b), distance, `${a} ${b}`);
    t.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

t.test('the nearest candidate, where one is near', async (t) => {
  const keys = ['timeouts', 'limits', 'listen', 'nodes', 'client_password'];
  t.equal(nearest('timeuots', keys), 'timeouts');
  t.equal(nearest('lisn', keys), 'listen');
  t.equal(nearest('client-password', keys), 'client_password');
  t.equal(nearest('Nodes', keys), 'nodes');
  t.equal(nearest('zzz', keys), undefined);
  t.equal(nearest('x', keys), undefined);
  t.equal(hint('node', keys), ' (did you mean nodes?)');
  t.equal(hint('zzz', keys), '');
});
