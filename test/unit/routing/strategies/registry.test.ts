import t from 'tap';
import { STRATEGIES } from '../../../../src/routing/strategies/registry.ts';

t.test('the five built-in strategies by their own names', async (t) => {
  t.strictSame([...STRATEGIES.keys()].sort(), ['hashring', 'modulo', 'random', 'ring', 'slots']);
  for (const [name, strategy] of STRATEGIES) t.equal(strategy.type, name);
  t.equal(STRATEGIES.get('constructor'), undefined);
});
