import { type Cell, cellsOf, type Figure, isKeyfan, mediansOf, targetsIn, type Verdict, workloadsIn } from './report.ts';
import { NUTCRACKER } from './targets.ts';

/** What keyfan wants to be, as ratios to nutcracker. */
interface Goal {
  readonly figure: Figure;
  readonly rows: readonly string[];
  readonly bound: number;
}

const pairs = (...suffixes: readonly string[]): string[] => suffixes.flatMap((suffix) => [`get-${suffix}`, `set-${suffix}`]);
const MGET_100 = ['mget-100', 'mget-100-p16'];

/** A cost must stay below its bound, throughput above. */
const TITLES: Partial<Record<Figure, string>> = { cpuMicrosPerRequest: 'CPU per request', requestsPerSecond: 'throughput' };
const THROUGHPUT: Figure = 'requestsPerSecond';

export const GOALS: readonly Goal[] = [
  { figure: 'cpuMicrosPerRequest', rows: pairs('p1'), bound: 1.0 },
  { figure: 'cpuMicrosPerRequest', rows: pairs('p16'), bound: 0.42 },
  { figure: 'cpuMicrosPerRequest', rows: pairs('p64', 'p256'), bound: 0.25 },
  { figure: 'cpuMicrosPerRequest', rows: pairs('1k-p1'), bound: 1.0 },
  { figure: 'cpuMicrosPerRequest', rows: pairs('10k-p1', '100k-p1', '1m-p1'), bound: 1.1 },
  { figure: 'cpuMicrosPerRequest', rows: MGET_100, bound: 0.4 },
  { figure: THROUGHPUT, rows: pairs('p16'), bound: 2.0 },
  { figure: THROUGHPUT, rows: pairs('p64'), bound: 3.0 },
  { figure: THROUGHPUT, rows: MGET_100, bound: 2.0 },
];
/** Of throughput, in each row there is. */
const EVERY_ROW_BOUND = 1.0;
const ROUNDING = 1e-9;

/** One verdict for each goal whose row was measured, and for each row too slow; for each build of keyfan. */
export function judge(cells: readonly Cell[]): Verdict[] {
  const builds = targetsIn(cells).filter(isKeyfan);
  return builds.flatMap((build) => {
    const mark = builds.length > 1 ? ` (${build})` : '';
    const verdict = (figure: Figure, row: string, bound: number): Verdict[] => {
      const found = ratioOf(cells, row, build, figure);
      if (!found) return [];
      const least = figure === THROUGHPUT;
      return [
        {
          goal: `${TITLES[figure]}${mark}`,
          row,
          wanted: `${least ? '≥' : '≤'} ${bound.toFixed(2)}×`,
          measured: `${times(found.ratio)} (${times(found.low)}–${times(found.high)})`,
          holds: least ? found.ratio >= bound - ROUNDING : found.ratio <= bound + ROUNDING,
        },
      ];
    };
    const named = GOALS.flatMap(({ figure, rows, bound }) => rows.flatMap((row) => verdict(figure, row, bound)));
    return [...named, ...everyRow(cells, build, mark, verdict)];
  });
}

const times = (ratio: number): string => `${ratio.toFixed(3)}×`;

function everyRow(
  cells: readonly Cell[],
  build: string,
  mark: string,
  verdict: (figure: Figure, row: string, bound: number) => Verdict[],
): Verdict[] {
  const ratios = workloadsIn(cells).flatMap((row) => {
    const ratio = ratioOf(cells, row, build, THROUGHPUT)?.ratio;
    return ratio === undefined ? [] : [{ row, ratio }];
  });
  if (ratios.length === 0) return [];
  const slow = ratios.filter(({ ratio }) => !(ratio >= EVERY_ROW_BOUND - ROUNDING));
  const lowest = Math.min(...ratios.map(({ ratio }) => ratio));
  return [
    {
      goal: `throughput${mark}`,
      row: `every row of ${ratios.length}`,
      wanted: `≥ ${EVERY_ROW_BOUND.toFixed(2)}×`,
      measured: `lowest ${times(lowest)}`,
      holds: slow.length === 0,
    },
    ...slow.flatMap(({ row }) => verdict(THROUGHPUT, row, EVERY_ROW_BOUND)),
  ];
}

/** Ratio of medians to nutcracker's, and the range of the ratios round by round. */
function ratioOf(
  cells: readonly Cell[],
  workload: string,
  target: string,
  figure: Figure,
): { readonly ratio: number; readonly low: number; readonly high: number } | undefined {
  const [own, base] = [mediansOf(cells, workload, target), mediansOf(cells, workload, NUTCRACKER)];
  if (!own || !base) return undefined;
  const rounds = cellsOf(cells, workload, target).flatMap((cell) => {
    const other = cellsOf(cells, workload, NUTCRACKER).find(({ round }) => round === cell.round);
    return other ? [cell[figure] / other[figure]] : [];
  });
  return { ratio: own[figure] / base[figure], low: Math.min(...rounds), high: Math.max(...rounds) };
}
