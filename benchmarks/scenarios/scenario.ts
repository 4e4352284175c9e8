import type { Finding } from './finding.ts';

export interface ScenarioOptions {
  /** Wait of an ordinary client between a reply and its next request. */
  readonly thinkMs: number;
  /** Number of connections, relative to the scenario's own. */
  readonly scale: number;
  print(line: string): void;
}

export type Scenario = (options: ScenarioOptions) => Promise<Finding[]>;
