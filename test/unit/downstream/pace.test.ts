import t from 'tap';
import { Pace } from '../../../src/downstream/pace.ts';
import { clock, tick } from '../../../src/util/clock.ts';

const BULK = 256 * 1024;
const fresh = () => ({ bulkAt: Number.NEGATIVE_INFINITY });

t.test('a new client may ask for 16 until it has been answered', async (t) => {
  const pace = new Pace(4096, fresh());
  t.equal(pace.window, 16);
  pace.learn(5);
  t.equal(pace.window, 4096);
  t.notOk(pace.asksBulk);
  t.equal(new Pace(4, fresh()).window, 4, 'never more than the limit');
});

t.test('after a bulk reply its client, and for a while each new one, asks for one at a time', async (t) => {
  tick();
  const pool = fresh();
  const pace = new Pace(4096, pool);
  pace.learn(BULK);
  t.ok(pace.asksBulk);
  t.equal(pool.bulkAt, clock.now);
  t.equal(new Pace(4096, pool).window, 1);
  for (let i = 0; i < 4; i++) {
    t.ok(pace.asksBulk, `${i} small ones later`);
    pace.learn(10);
  }
  t.notOk(pace.asksBulk);
  pool.bulkAt = clock.now - 10_000;
  t.equal(new Pace(4096, pool).window, 16);
});

t.test('a reply in parts counts once it is bulk, or whole', async (t) => {
  const pace = new Pace(4096, fresh());
  pace.learnPart(BULK - 1, false);
  t.equal(pace.window, 16, 'nothing is known yet');
  pace.learnPart(BULK, false);
  t.ok(pace.asksBulk);
  const other = new Pace(4096, fresh());
  other.learnPart(40_000, true);
  t.same([other.window, other.asksBulk], [4096, false]);
});
