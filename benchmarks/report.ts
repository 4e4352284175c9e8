import type { Machine } from './machine.ts';
import type { Measured } from './redis-benchmark.ts';
import { median } from './stats.ts';
import type { TargetName } from './targets.ts';

/** One run of one workload against one target. */
export interface Cell extends Measured {
  readonly workload: string;
  readonly target: TargetName;
  readonly round: number;
  /** CPU time of the target's process (with `direct`: of the node) per request. */
  readonly cpuMicrosPerRequest: number;
  /** CPU time of all nodes per request. */
  readonly nodesMicrosPerRequest: number;
}

export interface Results {
  readonly date: string;
  readonly name: string;
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly cells: readonly Cell[];
}

const FIGURES = ['requestsPerSecond', 'p50Ms', 'p99Ms', 'cpuMicrosPerRequest', 'nodesMicrosPerRequest', 'clientBusy'] as const;
export type Medians = Readonly<Record<(typeof FIGURES)[number], number>>;

export function mediansOf(cells: readonly Cell[], workload: string, target: TargetName): Medians | undefined {
  const own = cells.filter((cell) => cell.workload === workload && cell.target === target);
  if (own.length === 0) return undefined;
  return Object.fromEntries(FIGURES.map((figure) => [figure, median(own.map((cell) => cell[figure]))])) as Medians;
}

const HEADINGS = [
  'workload',
  'target',
  'req/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/req',
  'nodes µs/req',
  'client busy',
  'throughput',
  'p99',
  'CPU/req',
];

/** A row per workload and target; the last three columns are ratios keyfan / nutcracker, in keyfan's row. */
function rows(results: Results): string[][] {
  const workloads = [...new Set(results.cells.map((cell) => cell.workload))];
  const targets = [...new Set(results.cells.map((cell) => cell.target))].sort((a, b) => order(a) - order(b));
  return workloads.flatMap((workload) => {
    const base = mediansOf(results.cells, workload, 'nutcracker');
    return targets.flatMap((target) => {
      const own = mediansOf(results.cells, workload, target);
      if (!own) return [];
      const ratio = (figure: (typeof FIGURES)[number]): string =>
        target === 'keyfan' && base ? `${(own[figure] / base[figure]).toFixed(2)}×` : '';
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
          ratio('requestsPerSecond'),
          ratio('p99Ms'),
          ratio('cpuMicrosPerRequest'),
        ],
      ];
    });
  });
}

const order = (target: TargetName): number => ['direct', 'nutcracker', 'keyfan'].indexOf(target);

export const NOTES = [
  'Medians over the rounds. The last three columns are ratios keyfan / nutcracker: throughput higher is better, the others lower.',
  'redis-benchmark runs on one thread: where "client busy" is near 100 % it is redis-benchmark that limits the throughput, and the',
  'ratio understates the difference. Client, proxy and nodes share the cores named below. CPU µs/req is user and system time of the',
  'proxy process from /proc/PID/stat over the requests of the run; for direct it is that of the one node asked. nodes µs/req: of all nodes.',
];

const machineLines = ({ machine }: Results): string[] => Object.entries(machine).map(([name, value]) => `${name}: ${value}`);

export function asText(results: Results): string {
  const table = [HEADINGS, ...rows(results)];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((cells) => (cells[column] as string).length)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] as number;
    return column < 2 ? cell.padEnd(width) : cell.padStart(width);
  };
  const lines = table.map((cells) => cells.map(pad).join('  ').trimEnd());
  return [...lines, '', ...NOTES, machineLines(results).join(' · ')].join('\n');
}

export function asMarkdown(results: Results): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `# ${results.name}, ${results.date}`,
    '',
    ...machineLines(results).map((text) => `- ${text}`),
    ...Object.entries(results.options).map(([name, value]) => `- ${name}: ${JSON.stringify(value)}`),
    '',
    line(HEADINGS),
    line(HEADINGS.map((_, column) => (column < 2 ? '---' : '--:'))),
    ...rows(results).map(line),
    '',
    ...NOTES,
    '',
  ].join('\n');
}
