import t from 'tap';
import { clock, tick, wallTime } from '../../../src/util/clock.ts';

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

t.test('the time of day has microseconds, and follows a clock that is set anew', async (t) => {
  const millis = ({ seconds, micros }: ReturnType<typeof wallTime>): number => seconds * 1000 + micros / 1000;
  t.ok(Math.abs(millis(wallTime()) - Date.now()) < 100);
  const seen = new Set(Array.from({ length: 1000 }, () => wallTime().micros % 1000));
  t.ok(seen.size > 1, 'finer than the milliseconds of Date');
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  const hour = 3_600_000;
  for (const step of [hour, -hour, 0]) {
    Date.now = () => real() + step;
    t.ok(Math.abs(millis(wallTime()) - Date.now()) < 100, `${step} ms`);
  }
});
