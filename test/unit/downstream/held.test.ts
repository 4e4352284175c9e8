import t from 'tap';
import { Held } from '../../../src/downstream/held.ts';

t.test('whoever keeps others waiting has a fifth of the time', async (t) => {
  const held = new Held();
  t.equal(held.patienceMs(1000), 1000);
  let crowded = false;
  let resumed = 0;
  const source = {
    get crowded() {
      return crowded;
    },
    hold: () => true,
    resume: () => {
      resumed++;
    },
  };
  held.hold(source);
  t.equal(held.patienceMs(1000), 1000, 'nobody waits');
  crowded = true;
  t.equal(held.patienceMs(1000), 200);
  held.release();
  t.equal(resumed, 1);
  t.equal(held.patienceMs(1000), 1000);
  held.hold({ ...source, hold: () => false });
  held.release();
  t.equal(resumed, 1, 'what cannot be held up is not resumed');
});
