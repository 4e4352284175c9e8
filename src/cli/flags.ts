/** A pool that is described by flags: its mistakes are those of the call, and are told by flag. */
import { ConfigError } from '../config/problem.ts';
import { UsageError } from './exit.ts';

/** The flag that a path of the configuration was made from. `nodes` are the pool's nodes as the user knows them. */
export function flagOf(path: string, nodes: readonly string[]): string {
  const node = /\.nodes\[(\d+)\]/.exec(path);
  if (node) return nodes[Number(node[1])] as string;
  return path === 'admin.listen' ? '--admin' : `--${path.replace(/^pools\.[^.]+\./, '')}`;
}

/** What `make` returns; a `ConfigError` of it becomes a `UsageError`. */
export function fromFlags<T>(make: () => T, nodes: readonly string[]): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.problems.map(({ path, message }) => `${flagOf(path, nodes)}: ${message}`).join('\nkeyfan: '));
  }
}
