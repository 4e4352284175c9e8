import { goalsAsText, isKeyfan, type Verdict } from './report.ts';
import { median } from './stats.ts';
import { asAligned, asMarkdownTable } from './table.ts';
import { DIRECT, NUTCRACKER } from './targets.ts';

/** One run at one rate against one target. */
export interface LatencyCell {
  readonly ratePerSecond: number;
  readonly target: string;
  readonly round: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** p99.9 of how much later than intended requests left. */
  readonly lateP999Ms: number;
  /** Below the rate: the target cannot keep up, and its latency is the length of the queue. */
  readonly achievedPerSecond: number;
  readonly unanswered: number;
  /** Shares of one core. */
  readonly targetBusy: number;
  readonly generatorBusy: number;
}

export interface LatencyResults {
  readonly date: string;
  readonly name: string;
  readonly machine: object;
  readonly options: Readonly<Record<string, unknown>>;
  readonly latency: readonly LatencyCell[];
  readonly goals: readonly Verdict[];
}

type Figure = Exclude<keyof LatencyCell, 'target' | 'round' | 'ratePerSecond'>;

const GOAL = { ratePerSecond: 20_000, bound: 1.2 };
const ROUNDING = 1e-9;

const of = (cells: readonly LatencyCell[], rate: number, target: string): readonly LatencyCell[] =>
  cells.filter((cell) => cell.ratePerSecond === rate && cell.target === target);

const middle = (cells: readonly LatencyCell[], figure: Figure): number => median(cells.map((cell) => cell[figure]));

function targetsIn(cells: readonly LatencyCell[]): string[] {
  const names = [...new Set(cells.map(({ target }) => target))];
  const fixed = [DIRECT, NUTCRACKER].filter((name) => names.includes(name));
  return [...fixed, ...names.filter(isKeyfan)];
}

/** p99.9 against nutcracker's at the rate of the goal, for each build of keyfan. */
export function judgeLatency(cells: readonly LatencyCell[]): Verdict[] {
  const { ratePerSecond, bound } = GOAL;
  const base = of(cells, ratePerSecond, NUTCRACKER);
  const builds = targetsIn(cells).filter(isKeyfan);
  return builds.flatMap((target) => {
    const own = of(cells, ratePerSecond, target);
    if (own.length === 0 || base.length === 0) return [];
    const ratio = middle(own, 'p999Ms') / middle(base, 'p999Ms');
    const rounds = own.flatMap((cell) => {
      const other = base.find(({ round }) => round === cell.round);
      return other ? [cell.p999Ms / other.p999Ms] : [];
    });
    return [
      {
        goal: builds.length > 1 ? `p99.9 (${target})` : 'p99.9',
        row: `${ratePerSecond.toLocaleString('en-US')}/s`,
        wanted: `≤ ${bound.toFixed(2)}×`,
        measured: `${ratio.toFixed(3)}× (${Math.min(...rounds).toFixed(3)}×–${Math.max(...rounds).toFixed(3)}×)`,
        holds: ratio <= bound + ROUNDING,
      },
    ];
  });
}

const HEADINGS = [
  'rate/s',
  'target',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'max ms',
  'late p99.9',
  'reached/s',
  'lost',
  'busy',
  'client busy',
  'p50',
  'p99',
  'p99.9',
];
const RATIOS: readonly Figure[] = ['p50Ms', 'p99Ms', 'p999Ms'];
const percent = (share: number): string => `${Math.round(share * 100)} %`;

function table(cells: readonly LatencyCell[]): string[][] {
  const rates = [...new Set(cells.map(({ ratePerSecond }) => ratePerSecond))];
  const rows = rates.flatMap((rate) =>
    targetsIn(cells).flatMap((target) => {
      const [own, base] = [of(cells, rate, target), of(cells, rate, NUTCRACKER)];
      if (own.length === 0) return [];
      const ratio = (figure: Figure): string =>
        isKeyfan(target) && base.length > 0 ? `${(middle(own, figure) / middle(base, figure)).toFixed(2)}×` : '';
      return [
        [
          rate.toLocaleString('en-US'),
          target,
          ...(['p50Ms', 'p99Ms', 'p999Ms', 'maxMs', 'lateP999Ms'] as const).map((figure) => middle(own, figure).toFixed(2)),
          Math.round(middle(own, 'achievedPerSecond')).toLocaleString('en-US'),
          String(own.reduce((sum, { unanswered }) => sum + unanswered, 0)),
          percent(middle(own, 'targetBusy')),
          percent(middle(own, 'generatorBusy')),
          ...RATIOS.map(ratio),
        ],
      ];
    }),
  );
  return [HEADINGS, ...rows];
}

const NOTES = [
  'Medians over the rounds of GETs of 3 bytes at a fixed rate. Latency counts from the time a request was meant to leave, so what a stall',
  "delays is in the figures. late p99.9: how much later than that requests left; it is the generator's and the machine's doing and part",
  'of the latency of every target. The generator looks for work about every 0.3 ms. busy: share of a core of the target; client busy: of',
  'the generator. The last columns are ratios keyfan / nutcracker.',
];

export function latencyAsText({ latency, goals }: LatencyResults): string {
  const verdicts = `Goals, as ratios keyfan / nutcracker, in brackets the range over the rounds:\n${goalsAsText(goals)}`;
  return [asAligned(table(latency), 2), '', ...NOTES, '', verdicts].join('\n');
}

export function latencyAsMarkdown({ date, name, machine, options, latency, goals }: LatencyResults): string {
  const facts = Object.entries({ ...machine, ...options }).map(([key, value]) => `- ${key}: ${JSON.stringify(value)}`);
  const verdicts = goals.map(
    ({ goal, row, wanted, measured, holds }) =>
      `- ${goal} at ${row}: wanted ${wanted}, measured ${measured}: ${holds ? 'holds' : 'does not hold'}`,
  );
  return [`# ${name}, ${date}`, '', ...facts, '', asMarkdownTable(table(latency), 2), '', ...NOTES, '', ...verdicts, ''].join('\n');
}
