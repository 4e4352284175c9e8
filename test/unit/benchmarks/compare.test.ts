import t from 'tap';
import { changesAsText, compareRow, compareRuns, compareTargets } from '../../../benchmarks/compare.ts';
import type { Cell } from '../../../benchmarks/report.ts';
import { cell } from './cells.ts';

const rounds = (target: string, rates: readonly number[], workload = 'get-p1'): Cell[] =>
  rates.map((requestsPerSecond, round) =>
    cell(workload, target, round, { requestsPerSecond, cpuMicrosPerRequest: 1000 / requestsPerSecond }),
  );

t.test('a change is marked where it passes the spread of the rounds', async (t) => {
  const base = rounds('keyfan', [95, 100, 105]);
  const marks = (rates: readonly number[]) => {
    const branch = rounds('keyfan', rates);
    return [compareRow(base, branch, 'requestsPerSecond')?.mark, compareRow(base, branch, 'cpuMicrosPerRequest')?.mark];
  };
  t.strictSame(marks([104, 104, 104]), ['', ''], 'spreads of 10 % and of 0 %: up to 5 % may be chance');
  t.strictSame(marks([108, 108, 108]), ['better', 'better'], 'more throughput, less CPU');
  t.strictSame(marks([90, 90, 90]), ['worse', 'worse']);
  t.strictSame(marks([90, 120, 150]), ['', ''], 'a branch that varies a lot says little');
  const change = compareRow(base, rounds('keyfan', [110, 110, 110]), 'requestsPerSecond');
  t.strictSame([change?.base, change?.branch, change?.change.toFixed(3), change?.noise.toFixed(3)], [100, 110, '0.100', '0.050']);
});

t.test('one round has no spread, and yet no change of a percent is news', async (t) => {
  t.equal(compareRow(rounds('keyfan', [100]), rounds('keyfan', [101]), 'requestsPerSecond')?.mark, '');
  t.equal(compareRow(rounds('keyfan', [100]), rounds('keyfan', [103]), 'requestsPerSecond')?.mark, 'better');
});

t.test('two runs: rows and targets that are in both', async (t) => {
  const base = [...rounds('keyfan', [100]), ...rounds('nutcracker', [50]), ...rounds('keyfan', [10], 'set-p1')];
  const branch = [...rounds('nutcracker', [50]), ...rounds('keyfan', [200]), ...rounds('keyfan', [10], 'new-row')];
  const changes = compareRuns(base, branch).filter(({ figure }) => figure === 'requestsPerSecond');
  t.strictSame(
    changes.map(({ workload, target, change }) => [workload, target, change]),
    [
      ['get-p1', 'nutcracker', 0],
      ['get-p1', 'keyfan', 1],
    ],
  );
});

t.test('a figure an older file does not have is left out', async (t) => {
  const old = rounds('keyfan', [100]).map(({ peakRssMb: _, ...rest }) => rest as Cell);
  const figures = compareRuns(old, rounds('keyfan', [100])).map(({ figure }) => figure);
  t.strictSame(figures, ['requestsPerSecond', 'cpuMicrosPerRequest', 'p99Ms']);
});

t.test('two builds of one run, as text', async (t) => {
  const text = changesAsText(compareTargets([...rounds('main', [1000]), ...rounds('mine', [1500])], 'main', 'mine')).split('\n');
  t.match(text[1], /^get-p1 +mine +req\/s +1,000 +1,500 +\+50\.0 % +± 2\.0 % +better$/);
  t.match(text[2], /^get-p1 +mine +CPU µs\/req +1\.00 +0\.67 +-33\.3 % +± 2\.0 % +better$/);
  t.equal(text.at(-1), '2 better, 0 worse, 2 within the noise');
  t.equal(changesAsText([]), 'no row is in both');
});
