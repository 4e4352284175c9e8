import t from 'tap';
import { DurationHistogram, PoolCounters } from '../../../src/observe/counters.ts';

/** Index of the bucket that one duration falls into. */
function bucketOf(ms: number): number {
  const histogram = new DurationHistogram();
  histogram.record(ms);
  return histogram.buckets.indexOf(1);
}

t.test('a duration is counted below the next power of two of a microsecond', (t) => {
  t.equal(bucketOf(0), 0);
  t.equal(bucketOf(0.0009), 0, 'less than a microsecond');
  t.equal(bucketOf(0.001), 1);
  t.equal(bucketOf(0.0039), 2);
  t.equal(bucketOf(0.004), 3);
  t.equal(bucketOf(1000), 20, 'one second');
  t.end();
});

t.test('what is long is counted in the last bucket, however long', (t) => {
  const last = DurationHistogram.BUCKETS - 1;
  t.equal(bucketOf(67_000), last - 1, 'just below 2^26 µs');
  for (const ms of [67_109, 3_600_000, 2 ** 31, 2 ** 40]) t.equal(bucketOf(ms), last, `${ms} ms`);
  t.end();
});

t.test('the sum is exact, errors are counted by code', (t) => {
  const counters = new PoolCounters(1);
  counters.duration.record(1.5);
  counters.duration.record(2);
  t.equal(counters.duration.sumMs, 3.5);
  counters.countError('timeout');
  counters.countError('timeout');
  t.same(
    [...counters.errors].filter((count) => count > 0),
    [2],
  );
  t.end();
});
