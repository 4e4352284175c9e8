import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { forgetPeak, residentBytes } from '../../../benchmarks/memory.ts';
import { asLine, bytesAtMost, info, none, timesAtMost } from '../../../benchmarks/scenarios/finding.ts';
import { Latencies } from '../../../benchmarks/scenarios/load/latencies.ts';
import { matches, piece } from '../../../benchmarks/scenarios/load/pattern.ts';
import { until } from '../../support/wait.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Value `seed` from `from` up to `to`. */
function value(seed: number, from: number, to: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = from; at < to; ) {
    const next = piece(seed, at, to - at);
    pieces.push(next);
    at += next.length;
  }
  return Buffer.concat(pieces);
}

t.test('the pattern of a large value finds what is lost, doubled or changed', async (t) => {
  const bytes = value(3, 0, 3_000_000);
  t.ok(matches(3, 0, bytes), 'the whole');
  t.ok(matches(3, 1_048_570, bytes.subarray(1_048_570, 2_200_000)), 'a part across the end of the block');
  t.notOk(matches(4, 0, bytes), 'another value');
  for (const size of [1, 4096, 65_536, 2 ** 20]) {
    t.notOk(matches(3, 0, Buffer.concat([bytes.subarray(0, 100_000), bytes.subarray(100_000 + size)])), `${size} bytes lost`);
    t.notOk(matches(3, 0, Buffer.concat([bytes.subarray(0, size + 10), bytes.subarray(10)])), `${size} bytes doubled`);
  }
  const changed = Buffer.from(bytes);
  changed[2_999_999] = (changed[2_999_999] as number) ^ 1;
  t.notOk(matches(3, 0, changed), 'one bit');
});

t.test('latencies', async (t) => {
  const latencies = new Latencies();
  for (let i = 5000; i >= 1; i--) latencies.add(i);
  t.strictSame(latencies.summary(), { count: 5000, p50Ms: 2501, p99Ms: 4951, maxMs: 5000 });
  t.ok(Number.isNaN(new Latencies().summary().p99Ms), 'none');
});

/** The peak while so many bytes are in use; they are garbage then. */
function peakWith(size: number): number {
  Buffer.alloc(size, 1);
  return residentBytes(process.pid).peak;
}

t.test('resident memory', async (t) => {
  const { now, peak } = residentBytes(process.pid);
  t.ok(now > 2 ** 20 && peak >= now, `${now}, ${peak}`);
  t.ok(Math.abs(now - process.memoryUsage.rss()) < now / 4, `about ${process.memoryUsage.rss()}`);
  const size = 64 * 2 ** 20;
  const high = peakWith(size);
  t.ok(high >= now + size / 2, 'the peak grows');
  await until(() => {
    collectGarbage();
    forgetPeak(process.pid);
    return residentBytes(process.pid).peak < high - size / 2;
  }, 'the peak to be forgotten, once the memory is free');
  t.strictSame(residentBytes(2 ** 22 + 1), { now: 0, peak: 0 }, 'no such process');
});

t.test('findings', async (t) => {
  const MIB = 2 ** 20;
  t.equal(asLine(bytesAtMost('memory', 64 * MIB, 64 * MIB)), 'holds  memory: wanted at most 64.0 MiB, measured 64.0 MiB');
  t.equal(asLine(bytesAtMost('memory', 64 * MIB + 1, 64 * MIB)).slice(0, 5), 'FAILS');
  t.equal(asLine(timesAtMost('p99', 5, 2, 2)), 'FAILS  p99: wanted at most 2× 2.00 ms, measured 5.00 ms = 2.50×');
  t.equal(timesAtMost('p99', Number.NaN, 2, 2).holds, false, 'nothing measured holds nothing');
  t.equal(asLine(none('errors', 0)), 'holds  errors: wanted none, measured 0');
  t.equal(asLine(info('p99', 1, '1.00 ms')), '       p99: measured 1.00 ms');
});
