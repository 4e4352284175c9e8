import type { RequestView } from '../protocol/request.ts';
import { CATALOG } from './catalog.ts';
import type { Command } from './data.ts';
import { keySpecOf, soleKeyOf } from './key-spec.ts';
import { NameIndex } from './name-index.ts';
import { decide, isEverywhere } from './policy.ts';
import type { CommandRow, KeySpec } from './row.ts';

/** Subcommands of one container: `names` finds a position in `rows`. */
interface Subcommands {
  readonly names: NameIndex;
  readonly rows: readonly CommandRow[];
}

/** Commands that are routed by the name of a channel, as others by a key. */
const CHANNEL_FIRST = new Set(['publish', 'spublish']);
const CHANNEL: KeySpec = { kind: 'range', first: 1, last: 1, step: 1 };

let nextId = 0;

function rowOf(command: Command): CommandRow {
  return makeRow(command, nextId++);
}

/** A row of the table, or of a command that a node has told of. */
export function makeRow(command: Command, id: number): CommandRow {
  const keys = CHANNEL_FIRST.has(command.name) ? CHANNEL : keySpecOf(command);
  const keyed = keys.kind !== 'none';
  const container = command.subcommands.length > 0;
  const decision = decide({ name: command.name, flags: command.flags, keyed, container });
  const rows = command.subcommands.map((sub): [string, CommandRow] => [sub.name.slice(command.name.length + 1), rowOf(sub)]);
  return Object.freeze({
    id,
    name: command.name,
    arity: command.arity,
    // EVAL and its like are flagged neither way: what might write counts as a write.
    write: command.flags.includes('write') || (keyed && !command.flags.includes('readonly')),
    // A guard looks at the arguments first, which the fast path does not.
    soleKey: decision.guard === undefined ? soleKeyOf(keys) : 0,
    keys,
    policy: decision.policy,
    local: decision.local,
    split: decision.split,
    refusal: decision.refusal,
    guard: decision.guard,
    blocks: decision.blocks,
    fleet: decision.fleet,
    admin: decision.admin === true,
    everywhere: isEverywhere(command.name),
    subcommands: container ? new Map(rows) : undefined,
  });
}

/** Top-level rows in the order of the catalog. */
const TOP: readonly CommandRow[] = CATALOG.map(rowOf);
const TOP_NAMES = new NameIndex(TOP.map((row) => row.name));
/** Parallel to TOP. */
const TOP_SUBCOMMANDS: readonly (Subcommands | null)[] = TOP.map(({ subcommands }) =>
  subcommands === undefined ? null : { names: new NameIndex([...subcommands.keys()]), rows: [...subcommands.values()] },
);

/** All rows, subcommands included; the row with id n stands at n. */
export const COMMAND_ROWS: readonly CommandRow[] = Object.freeze(
  TOP.flatMap((row) => [row, ...(row.subcommands?.values() ?? [])]).sort((a, b) => a.id - b.id),
);

/** For all commands that are not in the table: counters have a place for them behind the others. */
export const OTHER_ID = COMMAND_ROWS.length;

const BY_NAME: ReadonlyMap<string, CommandRow> = new Map(COMMAND_ROWS.map((row) => [row.name, row]));

/**
 * The row of a request, null where Redis would say "unknown command" or "unknown subcommand". A container alone (`OBJECT`) is
 * its own row. Called for every request: allocates nothing.
 */
export function commandOf(view: RequestView): CommandRow | null {
  const { buf, base, args } = view;
  const at = TOP_NAMES.find(buf, base + (args[0] as number), base + (args[1] as number));
  if (at < 0) return null;
  const subcommands = TOP_SUBCOMMANDS[at] as Subcommands | null;
  if (subcommands === null || view.argc === 1) return TOP[at] as CommandRow;
  const sub = subcommands.names.find(buf, base + (args[2] as number), base + (args[3] as number));
  return sub < 0 ? null : (subcommands.rows[sub] as CommandRow);
}

/** The row of that lower-case name (`get`, `object|encoding`). */
export function rowByName(name: string): CommandRow | undefined {
  return BY_NAME.get(name);
}

export function arityOk(row: CommandRow, argc: number): boolean {
  return row.arity >= 0 ? argc === row.arity : argc >= -row.arity;
}
