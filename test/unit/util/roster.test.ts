import t from 'tap';
import { type Listed, Roster } from '../../../src/util/roster.ts';

interface Named extends Listed {
  readonly name: string;
}

const member = (name: string): Named => ({ name, place: -1 });
const names = (roster: Roster<Named>): string => [...roster].map(({ name }) => name).join('');

t.test('who comes and who goes', async (t) => {
  const roster = new Roster<Named>();
  const [a, b, c, d] = [member('a'), member('b'), member('c'), member('d')];
  for (const each of [a, b, c, d]) roster.add(each);
  t.same([roster.size, names(roster)], [4, 'abcd']);
  roster.remove(b);
  t.same([roster.size, names(roster)], [3, 'adc']);
  roster.remove(b);
  t.same([roster.size, names(roster)], [3, 'adc'], 'twice is once');
  roster.remove(c);
  t.same(names(roster), 'ad', 'the last one');
  roster.add(b);
  for (const each of [a, d, b]) roster.remove(each);
  t.same([roster.size, names(roster)], [0, '']);
  roster.remove(member('e'));
  t.equal(roster.size, 0);
});

t.test('who goes while all are gone through is not skipped, nor is anybody else', async (t) => {
  const roster = new Roster<Named>();
  for (const name of 'abcde') roster.add(member(name));
  const seen: string[] = [];
  for (const each of roster) {
    seen.push(each.name);
    roster.remove(each);
  }
  t.equal(seen.join(''), 'abcde');
  t.equal(roster.size, 0);
});

t.test('random comings and goings, as a Set has them', async (t) => {
  const roster = new Roster<Named>();
  const model = new Set<Named>();
  const all = Array.from({ length: 50 }, (_, i) => member(String(i)));
  for (let i = 0; i < 5000; i++) {
    const each = all[(i * 7919 + (i >> 3)) % 50] as (typeof all)[0];
    if (model.has(each)) {
      model.delete(each);
      roster.remove(each);
    } else {
      model.add(each);
      roster.add(each);
    }
    if (i % 100 === 0) t.same([...roster].map(({ name }) => name).sort(), [...model].map(({ name }) => name).sort());
  }
});
