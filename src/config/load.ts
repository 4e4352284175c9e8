/**
 * Configuration from a file, or from an object of a library user.
 *
 *   text ─▶ Source ─▶ schema  ─┐
 *              │    ─▶ rules   ├─▶ every problem at once, each at its line and column
 *              └── places ─────┘
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isStrategyPath } from '../routing/load-strategy.ts';
import { crossCheck } from './cross.ts';
import type { Environment } from './interpolate.ts';
import { type Complaint, explain } from './messages.ts';
import { ConfigError, formatPath, type Problem } from './problem.ts';
import { type Config, type ConfigInput, configSchema } from './schema.ts';
import { Source } from './source.ts';
import type { StrategyConfig } from './strategy-field.ts';
import { PlacementError, poolTopology } from './topology.ts';

/** Configurations that came out of here: they pass again unchanged. */
const complete = new WeakSet<object>();

interface Verdict {
  readonly config: Config | undefined;
  readonly complaints: readonly Complaint[];
}

function judge(value: unknown, baseDir: string): Verdict {
  const parsed = configSchema.safeParse(value, { reportInput: true });
  const complaints = [...(parsed.success ? [] : explain(parsed.error.issues, configSchema)), ...crossCheck(value)];
  if (!parsed.success || complaints.length > 0) return { config: undefined, complaints };

  const pools = Object.fromEntries(
    Object.entries(parsed.data.pools).map(([name, pool]) => [name, { ...pool, strategy: located(pool.strategy, baseDir) }]),
  );
  const config: Config = { ...parsed.data, pools };
  complete.add(config);
  return { config, complaints };
}

/** A module's path is relative to the file that names it. */
function located(strategy: StrategyConfig, baseDir: string): StrategyConfig {
  return isStrategyPath(strategy.type) ? { ...strategy, type: resolve(baseDir, strategy.type) } : strategy;
}

/** Checks and completes a configuration given as an object. Module paths are relative to `baseDir`. Throws `ConfigError`. */
export function parseConfig(input: ConfigInput | Config, baseDir: string = process.cwd()): Config {
  if (complete.has(input)) return input as Config;
  const { config, complaints } = judge(input, baseDir);
  if (config) return config;
  throw new ConfigError(complaints.map(({ path, message }) => ({ path: formatPath(path), message })));
}

/**
 * Reads a configuration from YAML text; `file` is its name in problems and the base of module paths. Strategies are built
 * once, modules loaded, so that what they refuse is refused here. Rejects with `ConfigError`.
 */
export async function parseText(text: string, file: string, env: Environment = process.env): Promise<Config> {
  const source = new Source(text, file, env);
  if (source.value === undefined && source.problems.length > 0) throw new ConfigError(source.problems);
  const { config, complaints } = judge(source.value ?? {}, dirname(resolve(file)));
  if (config && source.problems.length === 0) {
    const refusals = await placementComplaints(config);
    if (refusals.length === 0) return config;
    throw new ConfigError(refusals.map(({ path, message }) => source.problem(path, message)));
  }
  // What could not be read has its problem already; that the value is missing for it is no news.
  const known = new Set(source.problems.map((problem) => problem.path));
  const found = complaints
    .map(({ path, message, atKey }) => source.problem(path, message, atKey))
    .filter((problem) => !known.has(problem.path));
  throw new ConfigError([...source.problems, ...found].sort(byPlace));
}

async function placementComplaints(config: Config): Promise<Complaint[]> {
  const complaints: Complaint[] = [];
  for (const [name, pool] of Object.entries(config.pools)) {
    try {
      await poolTopology(pool);
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      complaints.push({ path: ['pools', name, ...error.path], message: error.message });
    }
  }
  return complaints;
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** Reads a configuration file. Rejects with a `ConfigError` that holds every problem of the file. */
export async function loadConfig(path: string, env: Environment = process.env): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new ConfigError([{ file: path, path: '', message: `cannot be read: ${error.message}` }]);
  });
  return parseText(text, path, env);
}
