import type { Cell } from '../../../benchmarks/report.ts';

/** A cell whose figures are 1 where nothing else is said. */
export function cell(workload: string, target: string, round: number, figures: Partial<Cell> = {}): Cell {
  const ones = { requestsPerSecond: 1, p50Ms: 1, p99Ms: 1, clientBusy: 1, cpuMicrosPerRequest: 1, nodesMicrosPerRequest: 1, peakRssMb: 1 };
  return { workload, target, round, requests: 1, ...ones, ...figures };
}
