import t from 'tap';
import { hashTagOf, isTagged } from '../../../src/downstream/tagged.ts';
import { parseTag } from '../../../src/routing/hash/tag.ts';
import { hashring } from '../../../src/routing/strategies/hashring.ts';
import { ring } from '../../../src/routing/strategies/ring.ts';
import { slots } from '../../../src/routing/strategies/slots.ts';
import type { Strategy } from '../../../src/routing/strategy.ts';

t.test('patterns whose keys all have one tag', async (t) => {
  const tagged = (tag: string, pattern: string): boolean => isTagged(parseTag(tag), Buffer.from(pattern));
  for (const pattern of ['{a}*', 'x{a}*->f', '{a}{*}', '{a}b*', '}{a}*']) t.ok(tagged('{}', pattern), pattern);
  for (const pattern of ['*{a}', '{*}', '{a*}', '{}*', '{a*', 'a*', '*', 'a}*{', '{}{a}*']) t.notOk(tagged('{}', pattern), pattern);
  t.ok(tagged('$$', '$a$*'));
  t.notOk(tagged('$$', '$$a$*'));
  t.notOk(tagged('', '{a}*'), 'tags are off');
});

t.test('the tag of a pool', async (t) => {
  const of = (strategy: Strategy<never>, options: object): unknown => hashTagOf({ strategy: strategy as Strategy, options, nodes: [] });
  t.same(of(slots as Strategy<never>, {}), parseTag('{}'));
  t.same(of(ring as Strategy<never>, { hash_tag: '[]' }), parseTag('[]'));
  t.equal(of(hashring as Strategy<never>, {}), null);
  t.equal(of({ ...ring } as Strategy<never>, { hash_tag: '{}' }), null, 'somebody else’s');
});
