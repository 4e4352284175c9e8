import t from 'tap';
import { sweep } from '../../../src/pool/sweep.ts';
import { until } from '../../support/wait.ts';

t.test('all are visited in each round, in slices between which other things have their turn', async (t) => {
  const visits: number[] = [];
  const slices = new Set<number>();
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  count();
  const members = Array.from({ length: 200 }, (_, i) => i);
  const end = sweep(
    () => members,
    5,
    (member) => {
      visits.push(member);
      slices.add(turn);
    },
  );
  t.teardown(end);
  await until(() => visits.length >= 400, 'two rounds');
  end();
  counting = false;
  t.same(visits.slice(0, 400), [...members, ...members]);
  t.ok(slices.size >= 6, `in ${slices.size} turns`);
});

t.test('once it has ended nobody is visited any more, also where that is in the middle of a slice or between two', async (t) => {
  for (const last of [10, 100]) {
    let visits = 0;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = sweep(
        () => new Array(1000).fill(0),
        1,
        () => {
          visits++;
          if (visits === last) end();
          if (visits === last) resolve();
        },
      );
    });
    await ended;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    t.equal(visits, last);
  }
  let visits = 0;
  const end = sweep(
    () => new Array(1000).fill(0),
    1,
    () => {
      // The slice is over when this comes.
      if (visits++ === 0) queueMicrotask(() => end());
    },
  );
  await until(() => visits > 0, 'the first slice');
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  t.ok(visits < 1000, `${visits} of 1000`);
});
