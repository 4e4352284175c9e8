import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory with tsconfig.json and src: found upwards from this file, else where the tests were started. */
export const PROJECT_ROOT = upwards(dirname(fileURLToPath(import.meta.url))) ?? upwards(process.cwd()) ?? process.cwd();

function upwards(from: string): string | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'tsconfig.json')) && existsSync(join(dir, 'src'))) return dir;
    if (dirname(dir) === dir) return undefined;
  }
}

export interface TextFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** All files under `dir` of the project whose name ends with one of `endings`. */
export function projectFiles(dir: string, ...endings: readonly string[]): TextFile[] {
  const top = join(PROJECT_ROOT, dir);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => join(top, name))
    .map((path) => ({ path: relative(PROJECT_ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}
