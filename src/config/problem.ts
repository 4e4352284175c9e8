/** One thing that is wrong with a configuration. `path` reads like `pools.cache.nodes[1].weight`. */
export interface Problem {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly path: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** Thrown with every problem of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `FILE:LINE:COLUMN path: message`, as far as the parts are known. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  const where = [place, path].filter((part) => part !== undefined && part !== '').join(' ');
  return where === '' ? message : `${where}: ${message}`;
}

export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${shown(part)}`;
  return text;
}

/** A key with a colon is one where the blank behind it was forgotten: the rest is its value, which may be a secret. */
function shown(key: string): string {
  const colon = key.indexOf(':');
  return colon < 0 ? key : `${key.slice(0, colon)}:…`;
}
