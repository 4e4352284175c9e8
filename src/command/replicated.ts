import type { CommandRow } from './row.ts';

/** No writes, but Redis may have something to tell replicas because of them. */
const MAY_REPLICATE: ReadonlySet<string> = new Set(['pfcount', 'publish']);

/** True where CLIENT PAUSE … WRITE holds the command. */
export function mayReplicate(row: CommandRow): boolean {
  return row.write || MAY_REPLICATE.has(row.name);
}
