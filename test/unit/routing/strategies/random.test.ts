import t from 'tap';
import { random } from '../../../../src/routing/strategies/random.ts';
import { build, ringNodes } from '../helpers.ts';

t.test('one partition that any node serves', async (t) => {
  t.equal(random.placement, 'any');
  t.equal(random.ejectable, true);
  t.strictSame(random.options.parse({}), { writes: 'one' });
  t.strictSame(random.options.parse({ writes: 'all' }), { writes: 'all' });
  t.throws(() => random.options.parse({ writes: 'some' }));
  const locator = build(random, ringNodes('a', 'b'));
  t.equal(locator.partitions, 1);
  t.equal(locator.locate(Buffer.from('k'), 0, 1), 0);
});
