import t from 'tap';
import { formatRanges, parseRanges } from '../../../../src/routing/strategies/slot-ranges.ts';

t.test('reads and writes ranges', async (t) => {
  t.strictSame(parseRanges('0-5460,6000', 'a'), [
    { first: 0, last: 5460 },
    { first: 6000, last: 6000 },
  ]);
  t.equal(formatRanges([0, 1, 2, 5, 7, 8]), '0-2,5,7-8');
  t.equal(formatRanges([]), '');
});
