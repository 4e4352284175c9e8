import t from 'tap';
import { Backoff } from '../../../src/upstream/backoff.ts';

t.test('doubles from min to max, jittered over the upper half', async (t) => {
  const most = new Backoff({ minMs: 50, maxMs: 1000 }, () => 1);
  t.same(
    Array.from({ length: 8 }, () => most.next()),
    [50, 100, 200, 400, 800, 1000, 1000, 1000],
  );
  const least = new Backoff({ minMs: 50, maxMs: 1000 }, () => 0);
  t.same(
    Array.from({ length: 6 }, () => least.next()),
    [25, 50, 100, 200, 400, 500],
  );
});

t.test('stays finite after very many failures, and begins anew after a success', async (t) => {
  const backoff = new Backoff({ minMs: 1, maxMs: 5000 }, () => 1);
  for (let i = 0; i < 5000; i++) backoff.next();
  t.equal(backoff.next(), 5000);
  backoff.reset();
  t.equal(backoff.next(), 1);
});

t.test('two proxies do not come back in step', async (t) => {
  const [one, two] = [new Backoff({ minMs: 1000, maxMs: 1000 }), new Backoff({ minMs: 1000, maxMs: 1000 })];
  const delays = Array.from({ length: 20 }, () => [one.next(), two.next()]).flat();
  t.ok(delays.every((delay) => delay >= 500 && delay <= 1000));
  t.ok(new Set(delays).size > 10);
});
