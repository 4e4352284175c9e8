import t from 'tap';
import { GOALS, judge } from '../../../benchmarks/goals.ts';
import { goalsAsText } from '../../../benchmarks/report.ts';
import { WORKLOADS } from '../../../benchmarks/workloads.ts';
import { cell } from './cells.ts';

t.test('each goal concerns rows of the short form', async (t) => {
  const short = WORKLOADS.filter((workload) => workload.short).map(({ name }) => name);
  for (const { rows } of GOALS) for (const row of rows) t.ok(short.includes(row), row);
});

t.test('a cost must be at most its bound, throughput at least', async (t) => {
  const cells = [1, 2, 3].flatMap((round) => [
    cell('get-p16', 'nutcracker', round, { cpuMicrosPerRequest: 10, requestsPerSecond: 100 }),
    cell('get-p16', 'keyfan', round, { cpuMicrosPerRequest: 4 + 0.1 * round, requestsPerSecond: 198 + round }),
    cell('get-p1', 'nutcracker', round, { cpuMicrosPerRequest: 10, requestsPerSecond: 100 }),
    cell('get-p1', 'keyfan', round, { cpuMicrosPerRequest: 10.1, requestsPerSecond: 99 }),
    cell('get-p1', 'direct', round, { cpuMicrosPerRequest: 1, requestsPerSecond: 999 }),
  ]);
  t.strictSame(judge(cells), [
    { goal: 'CPU per request', row: 'get-p1', wanted: '≤ 1.00×', measured: '1.010× (1.010×–1.010×)', holds: false },
    { goal: 'CPU per request', row: 'get-p16', wanted: '≤ 0.42×', measured: '0.420× (0.410×–0.430×)', holds: true },
    { goal: 'throughput', row: 'get-p16', wanted: '≥ 2.00×', measured: '2.000× (1.990×–2.010×)', holds: true },
    { goal: 'throughput', row: 'every row of 2', wanted: '≥ 1.00×', measured: 'lowest 0.990×', holds: false },
    { goal: 'throughput', row: 'get-p1', wanted: '≥ 1.00×', measured: '0.990× (0.990×–0.990×)', holds: false },
  ]);
  t.match(goalsAsText(judge(cells)).split('\n')[1], /^CPU per request +get-p1 +≤ 1\.00× +1\.010× \(1\.010×–1\.010×\) +NO$/);
});

t.test('several builds are judged by their labels; without nutcracker none is', async (t) => {
  const row = (target: string) => cell('set-p64', target, 1, { cpuMicrosPerRequest: 1, requestsPerSecond: 1 });
  const goals = judge([row('nutcracker'), row('main'), row('mine')]).map(({ goal }) => goal);
  t.ok(goals.includes('throughput (main)') && goals.includes('throughput (mine)'));
  t.strictSame(judge([row('direct'), row('keyfan')]), []);
  t.equal(goalsAsText([]), 'no goal concerns these rows');
});
