import t from 'tap';
import { expectedMs } from '../../../benchmarks/latency-check.ts';
import { judgeLatency, type LatencyCell, latencyAsMarkdown, latencyAsText } from '../../../benchmarks/latency-report.ts';

const cell = (target: string, round: number, p999Ms: number, ratePerSecond = 20_000): LatencyCell => ({
  ratePerSecond,
  target,
  round,
  p50Ms: 0.5,
  p99Ms: 1,
  p999Ms,
  maxMs: 9,
  lateP999Ms: 0.25,
  achievedPerSecond: ratePerSecond - 1,
  unanswered: round,
  targetBusy: 0.25,
  generatorBusy: 0.5,
});

t.test('the goal: p99.9 at 20,000 requests/s against nutcracker', async (t) => {
  const cells = [1, 2, 3].flatMap((round) => [
    cell('nutcracker', round, 2),
    cell('keyfan', round, 2 + 0.2 * round),
    cell('keyfan', round, 99, 40_000),
  ]);
  t.strictSame(judgeLatency(cells), [
    { goal: 'p99.9', row: '20,000/s', wanted: '≤ 1.20×', measured: '1.200× (1.100×–1.300×)', holds: true },
  ]);
  const slower = cells.map((entry) => (entry.target === 'keyfan' ? { ...entry, p999Ms: entry.p999Ms + 0.01 } : entry));
  t.equal(judgeLatency(slower)[0]?.holds, false);
  t.strictSame(judgeLatency(cells.filter(({ target }) => target === 'keyfan')), []);
});

t.test('the report', async (t) => {
  const latency = [1, 2].flatMap((round) => [cell('keyfan', round, 3), cell('nutcracker', round, 2), cell('direct', round, 1)]);
  const results = { date: 'd', name: 'n', machine: { cores: 2 }, options: { rounds: 2 }, latency, goals: judgeLatency(latency) };
  const lines = latencyAsText(results).split('\n');
  t.match(lines[1], /^20,000 +direct +0\.50 +1\.00 +1\.00 +9\.00 +0\.25 +19,999 +3 +25 % +50 %$/);
  t.match(lines[3], /^20,000 +keyfan +0\.50 +1\.00 +3\.00 .* 1\.00× +1\.00× +1\.50×$/);
  t.match(latencyAsMarkdown(results), /- p99\.9 at 20,000\/s: wanted ≤ 1\.20×, measured 1\.500× .*: does not hold/);
});

t.test('what a stall must do to the percentiles', async (t) => {
  // 100 ms of 2 s stalled: a twentieth of the requests, a fifth of which are the slowest hundredth.
  t.equal(expectedMs(50, 100, 2000), 0);
  t.equal(expectedMs(95, 100, 2000).toFixed(6), '0.000000');
  t.equal(expectedMs(99, 100, 2000).toFixed(6), '80.000000');
  t.equal(expectedMs(100, 100, 2000), 100);
});
