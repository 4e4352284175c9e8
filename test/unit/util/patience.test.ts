import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Patience, type Waiter } from '../../../src/util/patience.ts';

function waiter(over: string[], name: string, work?: () => void): Waiter {
  return {
    waitingSince: 0,
    listed: false,
    onPatienceOver() {
      over.push(name);
      work?.();
    },
  };
}

/** Looks much more often than Patience ticks. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

t.test('a wait that lasts is ended, once', async (t) => {
  const patience = new Patience();
  const over: string[] = [];
  const [a, b] = [waiter(over, 'a'), waiter(over, 'b')];
  patience.wait(a);
  patience.wait(b);
  patience.wait(a);
  t.same(over, [], 'not within the call');
  await until(() => over.length === 2);
  t.same(over, ['a', 'b']);
  t.same([a.waitingSince, a.listed], [0, false]);
  await sleep(5);
  t.equal(over.length, 2);
  patience.wait(a);
  await until(() => over.length === 3);
  t.same(over, ['a', 'b', 'a'], 'and it may wait again');
});

t.test('a wait that was over before is forgotten; the next one of the same waiter has a time of its own', async (t) => {
  const patience = new Patience();
  const over: string[] = [];
  const [ended, again, lasting] = [waiter(over, 'ended'), waiter(over, 'again'), waiter(over, 'lasting')];
  for (const each of [ended, again, lasting]) patience.wait(each);
  const began = again.waitingSince;
  ended.waitingSince = 0;
  await until(() => {
    again.waitingSince = 0;
    patience.wait(again);
    return over.length > 0;
  });
  t.same(over, ['lasting']);
  t.notOk(ended.listed);
  t.ok(again.listed && again.waitingSince > began);
  await until(() => over.length === 2);
  t.same(over, ['lasting', 'again']);
});

t.test('who ended a wait and begins another when a wait ends', async (t) => {
  const patience = new Patience();
  const over: string[] = [];
  const again = waiter(over, 'again');
  const first = waiter(over, 'first', () => patience.wait(again));
  const gone = waiter(over, 'gone');
  for (const each of [first, again, gone]) patience.wait(each);
  gone.waitingSince = 0;
  await until(() => !gone.listed);
  // Between the two ticks: it still stands in the list when the other's wait is over.
  again.waitingSince = 0;
  await until(() => over.length === 1);
  t.ok(again.listed, 'it stands in the list, or would never be looked at');
  const end = performance.now() + 1000;
  await until(() => over.length === 2 || performance.now() > end);
  t.same(over, ['first', 'again']);
});

t.test('who begins to wait when a wait ends', async (t) => {
  const patience = new Patience();
  const over: string[] = [];
  const late = waiter(over, 'late');
  const twice = waiter(over, 'twice', () => {
    patience.wait(late);
    if (over.length === 1) patience.wait(twice);
  });
  patience.wait(twice);
  await until(() => over.length === 4);
  t.same(over, ['twice', 'late', 'twice', 'late']);
});
