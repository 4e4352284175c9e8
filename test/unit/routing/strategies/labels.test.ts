import t from 'tap';
import { labelOrder } from '../../../../src/routing/strategies/labels.ts';
import { ringNodes } from '../helpers.ts';

t.test('shorter first, then bytewise', async (t) => {
  const names = ['zeta', 'b', 'aa', 'server10', 'server9', 'Z', 'é'];
  t.strictSame(
    labelOrder(ringNodes(...names)).map((i) => names[i]),
    ['Z', 'b', 'aa', 'é', 'zeta', 'server9', 'server10'],
  );
});
