import { type Cell, cellsOf, type Figure, targetsIn, workloadsIn } from './report.ts';
import { median, spread } from './stats.ts';
import { asAligned } from './table.ts';

/** One figure of one row in two sets of cells. */
export interface Change {
  readonly workload: string;
  readonly target: string;
  readonly figure: Figure;
  readonly base: number;
  readonly branch: number;
  /** As a share of the base: 0.1 is a tenth more. */
  readonly change: number;
  /** A change up to this may be chance. */
  readonly noise: number;
  readonly mark: 'better' | 'worse' | '';
}

const HIGHER_IS_BETTER: ReadonlySet<Figure> = new Set(['requestsPerSecond']);
/** No two runs are alike to less than this. */
const NOISE_FLOOR = 0.02;

/** Of one row: a change is marked where it passes the mean of both sides' spreads over the rounds. */
export function compareRow(base: readonly Cell[], branch: readonly Cell[], figure: Figure): Change | undefined {
  const first = branch[0];
  const [was, is] = [base, branch].map((cells) => cells.map((cell) => cell[figure]).filter(Number.isFinite)) as [number[], number[]];
  if (!first || was.length === 0 || is.length === 0) return undefined;
  const change = median(is) / median(was) - 1;
  const noise = Math.max(NOISE_FLOOR, (spread(was) + spread(is)) / 2);
  const good = change > 0 === HIGHER_IS_BETTER.has(figure);
  const mark = Math.abs(change) <= noise ? '' : good ? 'better' : 'worse';
  return { workload: first.workload, target: first.target, figure, base: median(was), branch: median(is), change, noise, mark };
}

export const COMPARED: readonly Figure[] = ['requestsPerSecond', 'cpuMicrosPerRequest', 'p99Ms', 'peakRssMb'];

/** Two runs, row by row, for each target in both. */
export function compareRuns(base: readonly Cell[], branch: readonly Cell[]): Change[] {
  return workloadsIn(branch).flatMap((workload) =>
    targetsIn(branch).flatMap((target) => {
      const [was, is] = [cellsOf(base, workload, target), cellsOf(branch, workload, target)];
      return COMPARED.flatMap((figure) => compareRow(was, is, figure) ?? []);
    }),
  );
}

/** Two builds of one run. */
export function compareTargets(cells: readonly Cell[], base: string, branch: string): Change[] {
  return workloadsIn(cells).flatMap((workload) =>
    COMPARED.flatMap((figure) => compareRow(cellsOf(cells, workload, base), cellsOf(cells, workload, branch), figure) ?? []),
  );
}

const SHORT_NAMES: Partial<Record<Figure, string>> = {
  requestsPerSecond: 'req/s',
  cpuMicrosPerRequest: 'CPU µs/req',
  p99Ms: 'p99 ms',
  peakRssMb: 'peak MB',
};

const percent = (share: number): string => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
const figureText = (value: number): string => (value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2));

export function changesAsText(changes: readonly Change[]): string {
  if (changes.length === 0) return 'no row is in both';
  const headings = ['workload', 'target', 'figure', 'base', 'branch', 'change', 'noise', ''];
  const lines = changes.map(({ workload, target, figure, base, branch, change, noise, mark }) => [
    workload,
    target,
    SHORT_NAMES[figure] ?? figure,
    figureText(base),
    figureText(branch),
    percent(change),
    `± ${(noise * 100).toFixed(1)} %`,
    mark,
  ]);
  const count = (wanted: Change['mark']): number => changes.filter(({ mark }) => mark === wanted).length;
  return `${asAligned([headings, ...lines], 3)}\n\n${count('better')} better, ${count('worse')} worse, ${count('')} within the noise`;
}
