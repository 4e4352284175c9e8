import { isTellable, tellNames } from '../kernel/names.ts';
import type { CommandRow } from './row.ts';
import { COMMAND_ROWS } from './table.ts';

/** True where argument 1 alone decides where the request goes and nothing else needs a look: rows with a guard have no `soleKey`. */
function isRouted({ name, policy, soleKey, subcommands }: CommandRow): boolean {
  return policy === 'shard' && soleKey === 1 && subcommands === undefined && isTellable(name);
}

// Who imports this has told the kernel.
tellNames(COMMAND_ROWS.filter(isRouted));
/** Not frozen: V8 reads elements of frozen arrays by a slow path. */
const ROWS = [...COMMAND_ROWS];

/** The row of a request that the kernel has routed. */
export function rowOfRoute(route: number): CommandRow {
  return ROWS[route >>> 16] as CommandRow;
}

/** The index of its node. */
export function nodeOfRoute(route: number): number {
  return route & 0xffff;
}
