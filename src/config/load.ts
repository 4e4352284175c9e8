/**
 * Configuration from a file, or from an object of a library user.
 *
 *   text ─▶ Source ─▶ schema ─▶ placement of each whole pool ─┐
 *              │    ─▶ rules                                   ├─▶ every problem at once, each at its line and column
 *              └── places ─────────────────────────────────────┘
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isStrategyPath } from '../routing/load-strategy.ts';
import { crossCheck, duplicateAddresses, duplicateNames, poolsOf } from './cross.ts';
import { decode } from './decode.ts';
import type { Environment } from './interpolate.ts';
import { type Complaint, explain } from './messages.ts';
import { ConfigError, formatPath, formatProblem, type Path, type Problem } from './problem.ts';
import { type Config, type ConfigInput, configSchema, type PoolConfig, poolName, poolSchema } from './schema.ts';
import { Source } from './source.ts';
import type { StrategyConfig } from './strategy-field.ts';
import { PlacementError, poolTopology } from './topology.ts';

/** Configurations that came out of here: they pass again unchanged. */
const complete = new WeakSet<object>();

interface Verdict {
  readonly config: Config | undefined;
  readonly complaints: readonly Complaint[];
  /** Pools that are whole, whatever is wrong beside them: their placement can be judged. */
  readonly pools: readonly NamedPool[];
}

type NamedPool = readonly [name: string, pool: PoolConfig];

function judge(value: unknown, baseDir: string): Verdict {
  const parsed = configSchema.safeParse(value, { reportInput: true });
  const problems = parsed.success ? [] : explain(parsed.error.issues, configSchema);
  const { pools, hidden } = judgePools(value, baseDir);
  const complaints = [...problems, ...hidden, ...crossCheck(value)];
  if (!parsed.success || complaints.length > 0) return { config: undefined, complaints, pools };
  const config: Config = { ...parsed.data, pools: Object.fromEntries(pools) };
  complete.add(config);
  return { config, complaints, pools };
}

/** Each pool by itself. `hidden` is what zod leaves out: the values of keys it does not like. */
function judgePools(value: unknown, baseDir: string) {
  const pools: NamedPool[] = [];
  const hidden: Complaint[] = [];
  for (const [name, pool] of poolsOf(value)) {
    const parsed = poolSchema.safeParse(pool, { reportInput: true });
    const problems = parsed.success ? [] : explain(parsed.error.issues, poolSchema);
    if (parsed.success) pools.push([name, { ...parsed.data, strategy: located(parsed.data.strategy, baseDir) }]);
    const named = poolName.safeParse(name);
    if (named.success) continue;
    // zod's records pass over this key without a word.
    if (name === '__proto__') hidden.push({ path: ['pools', name], message: named.error.issues[0]?.message ?? '', atKey: true });
    hidden.push(...within(['pools', name], problems));
  }
  return { pools, hidden };
}

function within(at: Path, complaints: readonly Complaint[]): Complaint[] {
  return complaints.map((complaint) => ({ ...complaint, path: [...at, ...complaint.path] }));
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

export interface Checked {
  readonly config: Config;
  /** What is allowed and seldom meant. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads a configuration from YAML text; `file` is its name in problems and the base of module paths. Strategies are built
 * once, modules loaded, so that what they refuse is refused here. Rejects with `ConfigError`.
 */
async function checkText(text: string, file: string, env: Environment = process.env): Promise<Checked> {
  const source = new Source(text, file, env);
  if (source.value === undefined && source.problems.length > 0) throw new ConfigError(source.problems);
  const { config, complaints, pools } = judge(source.value ?? {}, dirname(resolve(file)));
  const places = (found: readonly Complaint[]) => found.map(({ path, message, atKey }) => source.problem(path, message, atKey));
  // What could not be read has its problem already; that the value is missing for it is no news.
  const known = new Set(source.problems.map((problem) => problem.path));
  const found = places([...complaints, ...(await placementComplaints(pools, source.value))]).filter((problem) => !known.has(problem.path));
  const problems = distinct([...source.problems, ...found]);
  if (config && problems.length === 0) return { config, warnings: places(duplicateAddresses(source.value)) };
  throw new ConfigError(problems.sort(byPlace));
}

/** Rules and strategies may say the same, each for want of the other. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

async function placementComplaints(pools: readonly NamedPool[], value: unknown): Promise<Complaint[]> {
  const written = new Map(poolsOf(value));
  const complaints: Complaint[] = [];
  for (const [name, pool] of pools) {
    // Said already, and nothing that could be placed.
    if (duplicateNames(written.get(name) ?? {}, []).length > 0) continue;
    try {
      await poolTopology(pool);
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      complaints.push(...within(['pools', name], error.complaints));
    }
  }
  return complaints;
}

/** As `checkText`, for callers that want the configuration only. */
export async function parseText(text: string, file: string, env?: Environment): Promise<Config> {
  return (await checkText(text, file, env)).config;
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** Reads a configuration file. Rejects with a `ConfigError` that holds every problem of the file. */
export async function checkFile(path: string, env?: Environment): Promise<Checked> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new ConfigError([{ file: path, path: '', message: `cannot be read: ${error.message}` }]);
  });
  return checkText(decode(bytes, path), path, env);
}

/** As `checkFile`, for callers that want the configuration only. */
export async function loadConfig(path: string, env?: Environment): Promise<Config> {
  return (await checkFile(path, env)).config;
}
