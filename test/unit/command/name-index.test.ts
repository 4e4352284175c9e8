import t from 'tap';
import { NameIndex } from '../../../src/command/name-index.ts';

const find = (index: NameIndex, name: string): number => {
  const buf = Buffer.from(`..${name}..`, 'latin1');
  return index.find(buf, 2, buf.length - 2);
};

t.test('finds each of many names, and nothing else', (t) => {
  const names = Array.from({ length: 2000 }, (_, i) => `name-${i.toString(36)}`);
  const index = new NameIndex(names);
  const wrong = names.filter(
    (name, i) => find(index, name) !== i || find(index, name.toUpperCase()) !== i || find(index, `${name}!`) !== -1,
  );
  t.same(wrong, []);
  t.end();
});

t.test('edges', (t) => {
  const index = new NameIndex(['a', 'ab']);
  t.same(
    ['', 'a', 'ab', 'abc', 'b', 'A', '\xc1'].map((name) => find(index, name)),
    [-1, 0, 1, -1, -1, 0, -1],
  );
  t.equal(find(new NameIndex([]), 'a'), -1);
  t.end();
});

t.test('a name is not found by its beginning, nor by what follows it in memory', (t) => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
  for (const letter of letters) {
    const index = new NameIndex([`${letter}y`, 'z0']);
    t.same(
      [letter, `${letter}yz`, `${letter}yz0`, 'yz0', 'y'].map((name) => find(index, name)),
      [-1, -1, -1, -1, -1],
      letter,
    );
  }
  t.end();
});
