import t from 'tap';
import { RefusedDatabases } from '../../../src/upstream/refused-databases.ts';
import { clock } from '../../../src/util/clock.ts';

const RANGE = 'SELECT: ERR DB index is out of range';

t.test('from the lowest refused one on, until the node may be another, and not for long', async (t) => {
  // Not a fraction of a millisecond, of which additions keep no exact account.
  clock.now = 1000;
  const refused = new RefusedDatabases();
  const known = (): number[] => [15, 16, 17, 99, 1000].filter((database) => refused.refusalOf(database) === RANGE);
  t.same(known(), []);
  refused.note(99, RANGE);
  t.same(known(), [99, 1000]);
  refused.note(1000, RANGE);
  t.same(known(), [99, 1000], 'the lowest counts');
  clock.now += 9000;
  refused.note(17, RANGE);
  t.same(known(), [17, 99, 1000]);
  clock.now += 9999;
  t.same(known(), [17, 99, 1000]);
  clock.now += 1;
  t.same(known(), [], 'asked again');
  refused.note(99, RANGE);
  t.same(known(), [99, 1000], 'what was known before counts no more');
  refused.forget();
  t.same(known(), []);
});

t.test('refusals for other reasons tell nothing of databases', async (t) => {
  const refused = new RefusedDatabases();
  for (const refusal of [
    'SELECT: NOAUTH Authentication required.',
    'SELECT: ERR max number of clients reached',
    'PING: ERR DB index is out of range',
    'HELLO: what?',
  ]) {
    refused.note(3, refusal);
    t.equal(refused.refusalOf(3), '', refusal);
  }
});
