import t from 'tap';
import { isWhole, SPLITS } from '../../../src/command/split.ts';
import { COMMAND_ROWS } from '../../../src/command/table.ts';

t.test('a split cuts where the keys are', (t) => {
  for (const row of COMMAND_ROWS) {
    if (row.split === undefined) continue;
    const { first, step } = SPLITS[row.split];
    t.match(row.keys, { kind: 'range', first, step, last: -1 }, row.name);
  }
  t.end();
});

t.test('whole groups only', (t) => {
  t.same(
    [3, 4, 5].map((argc) => isWhole(SPLITS.mset, argc)),
    [true, false, true],
  );
  t.same(
    [2, 3].map((argc) => isWhole(SPLITS.mget, argc)),
    [true, true],
  );
  t.end();
});
