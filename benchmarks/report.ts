import type { Machine } from './machine.ts';
import type { Measured } from './redis-benchmark.ts';
import { median } from './stats.ts';
import { asAligned, asMarkdownTable } from './table.ts';
import { DIRECT, NUTCRACKER } from './targets.ts';

/** One run of one workload against one target. */
export interface Cell extends Measured {
  readonly workload: string;
  /** direct, nutcracker, or the label of a build of keyfan. */
  readonly target: string;
  readonly round: number;
  /** CPU time of the target's process (with `direct`: of the node) per request. */
  readonly cpuMicrosPerRequest: number;
  /** CPU time of all nodes per request. */
  readonly nodesMicrosPerRequest: number;
  /** Highest resident size of the target's process in the cell. */
  readonly peakRssMb: number;
}

/** A row a target could not be measured in. */
export interface Failure {
  readonly workload: string;
  readonly target: string;
  readonly message: string;
}

/** Whether a goal holds. */
export interface Verdict {
  readonly goal: string;
  readonly row: string;
  readonly wanted: string;
  /** The ratio of the medians and, in brackets, the lowest and highest of the rounds. */
  readonly measured: string;
  readonly holds: boolean;
}

export interface Results {
  readonly date: string;
  readonly name: string;
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly cells: readonly Cell[];
  readonly failures: readonly Failure[];
  readonly goals: readonly Verdict[];
}

const FIGURES = ['requestsPerSecond', 'p50Ms', 'p99Ms', 'cpuMicrosPerRequest', 'nodesMicrosPerRequest', 'clientBusy', 'peakRssMb'] as const;
export type Figure = (typeof FIGURES)[number];
type Medians = Readonly<Record<Figure, number>>;

export const cellsOf = (cells: readonly Cell[], workload: string, target: string): readonly Cell[] =>
  cells.filter((cell) => cell.workload === workload && cell.target === target);

export function mediansOf(cells: readonly Cell[], workload: string, target: string): Medians | undefined {
  const own = cellsOf(cells, workload, target);
  if (own.length === 0) return undefined;
  return Object.fromEntries(FIGURES.map((figure) => [figure, median(own.map((cell) => cell[figure]))])) as Medians;
}

export const workloadsIn = (cells: readonly Cell[]): string[] => [...new Set(cells.map(({ workload }) => workload))];

/** Direct and nutcracker first, then the builds of keyfan in the order of the command line, which is that of the first round. */
export function targetsIn(cells: readonly Cell[]): string[] {
  const names = [...new Set(cells.map(({ target }) => target))];
  const fixed = [DIRECT, NUTCRACKER].filter((name) => names.includes(name));
  return [...fixed, ...names.filter((name) => !fixed.includes(name))];
}

export const isKeyfan = (target: string): boolean => target !== DIRECT && target !== NUTCRACKER;

const HEADINGS = [
  'workload',
  'target',
  'req/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/req',
  'nodes µs/req',
  'client busy',
  'peak MB',
  'throughput',
  'p99',
  'CPU/req',
  'RSS',
];
const WORDS = 2;
const RATIOS: readonly Figure[] = ['requestsPerSecond', 'p99Ms', 'cpuMicrosPerRequest', 'peakRssMb'];

/** A row per workload and target; the last columns are ratios to nutcracker, in keyfan's rows. */
function rows(cells: readonly Cell[]): string[][] {
  return workloadsIn(cells).flatMap((workload) => {
    const base = mediansOf(cells, workload, NUTCRACKER);
    return targetsIn(cells).flatMap((target) => {
      const own = mediansOf(cells, workload, target);
      if (!own) return [];
      const ratio = (figure: Figure): string => (isKeyfan(target) && base ? `${(own[figure] / base[figure]).toFixed(2)}×` : '');
      return [
        [
          workload,
          target,
          Math.round(own.requestsPerSecond).toLocaleString('en-US'),
          own.p50Ms.toFixed(2),
          own.p99Ms.toFixed(2),
          own.cpuMicrosPerRequest.toFixed(2),
          own.nodesMicrosPerRequest.toFixed(2),
          `${Math.round(own.clientBusy * 100)} %`,
          own.peakRssMb.toFixed(0),
          ...RATIOS.map(ratio),
        ],
      ];
    });
  });
}

const NOTES = [
  'Medians over the rounds. The last columns are ratios keyfan / nutcracker: throughput higher is better, the others lower.',
  'The load comes from one thread: where "client busy" is near 100 % it is the client that limits the throughput, and the ratio',
  'understates the difference. Client, proxy and nodes share the cores named below. CPU µs/req is user and system time of the proxy',
  'process over the requests of the run; for direct it is that of the one node asked. nodes µs/req: of all nodes. peak MB: the highest',
  'resident size of the proxy in the row, started for it. DEL is of keys that do not exist; -unix: Unix sockets on both sides;',
  '-c5000: accepting and closing 5,000 clients is in the CPU time. -connect: a connection for each request.',
];

const machineLines = ({ machine }: Pick<Results, 'machine'>): string[] =>
  Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
const failureLine = ({ workload, target, message }: Failure): string => `not measured: ${workload}, ${target}: ${message}`;

const GOAL_HEADINGS = ['goal', 'row', 'wanted', 'measured', 'holds'];
const goalTable = (goals: readonly Verdict[]): string[][] => [
  GOAL_HEADINGS,
  ...goals.map(({ goal, row, wanted, measured, holds }) => [goal, row, wanted, measured, holds ? 'yes' : 'NO']),
];

export function goalsAsText(goals: readonly Verdict[]): string {
  return goals.length === 0 ? 'no goal concerns these rows' : asAligned(goalTable(goals), WORDS);
}

export function asText(results: Results): string {
  return [
    asAligned([HEADINGS, ...rows(results.cells)], WORDS),
    '',
    ...NOTES,
    machineLines(results).join(' · '),
    ...results.failures.map(failureLine),
  ].join('\n');
}

export function asMarkdown(results: Results): string {
  return [
    `# ${results.name}, ${results.date}`,
    '',
    ...machineLines(results).map((text) => `- ${text}`),
    ...Object.entries(results.options).map(([name, value]) => `- ${name}: ${JSON.stringify(value)}`),
    '',
    asMarkdownTable([HEADINGS, ...rows(results.cells)], WORDS),
    '',
    ...NOTES,
    '',
    ...results.failures.map((failure) => `- ${failureLine(failure)}`),
    ...(results.goals.length === 0
      ? []
      : ['## Goals', '', 'Ratios keyfan / nutcracker.', '', asMarkdownTable(goalTable(results.goals), WORDS), '']),
  ].join('\n');
}
