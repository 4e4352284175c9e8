import t from 'tap';
import { clock, tick } from '../../../src/util/clock.ts';

t.test('time stands still between ticks and never goes back', async (t) => {
  const first = tick();
  t.equal(clock.now, first);
  const began = performance.now();
  while (performance.now() - began < 2) {
    // Real time passes.
  }
  t.equal(clock.now, first);
  const second = tick();
  t.ok(second >= first + 2);
  t.equal(clock.now, second);
});
