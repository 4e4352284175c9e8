/** Facts about one command (or subcommand, `object|encoding`). Rows are frozen data made at start from the generated table. */
export interface CommandRow {
  /** Dense index: typed-array counters use it. */
  readonly id: number;
  /** Lower case; a subcommand as `container|sub`. */
  readonly name: string;
  /** As in Redis: exact count when positive, minimum when negative; counts the command name (and the container). */
  readonly arity: number;
  /** True where it may change data. An unknown command counts as a write. */
  readonly write: boolean;
  /** Index of the only key where there is always exactly one at a fixed place, else 0: the fast path. */
  readonly soleKey: number;
  /** How to find the keys. */
  readonly keys: KeySpec;
  readonly policy: Policy;
  /** Set when `policy` is `local`: which local command answers. */
  readonly local?: LocalName;
  /** Set when `policy` is `split`. */
  readonly split?: SplitName;
  /** Set when `policy` is `refuse`: the text behind `ERR `, says what to do instead where there is something. */
  readonly refusal?: string;
  /** Extra check on the arguments before it may pass (BLOCK option, SORT patterns …): name in `command/special/`. */
  readonly guard?: GuardName;
  /** In a pool that keeps copies (`random`): goes to every node, so that no stale copy survives. */
  readonly everywhere: boolean;
  /** Subcommand rows by lower-case name, where this is a container. */
  readonly subcommands?: ReadonlyMap<string, CommandRow>;
}

/**
 * What keyfan does with a command. Closed: whoever adds one is led by the compiler to every table that needs a row.
 * `shard`: forwarded whole; all keys must share a shard. `split`: one fragment per shard, replies merged. `any`: keyless
 * and the same on every node, forwarded to one. `local`: answered by keyfan. `refuse`: never reaches a node.
 */
export type Policy = 'shard' | 'split' | 'any' | 'local' | 'refuse';

export type SplitName = 'mget' | 'mset' | 'sum';

export type LocalName =
  | 'ping' | 'echo' | 'quit' | 'time' | 'command' | 'client' | 'hello' | 'auth' | 'select' | 'reset' | 'info';

export type GuardName = 'no_block_option' | 'no_sort_patterns' | 'none';

/** Where keys stand among the arguments; indexes count the command name as 0. */
export type KeySpec =
  | { readonly kind: 'none' }
  /** From `first` to `last` (negative: from the end) by `step`. */
  | { readonly kind: 'range'; readonly first: number; readonly last: number; readonly step: number }
  /** A count at `countAt`, that many keys from `first`; `lead` are further fixed keys (ZUNIONSTORE's destination). */
  | { readonly kind: 'numkeys'; readonly countAt: number; readonly first: number; readonly lead: readonly number[] }
  /** All arguments behind keyword `word` (searched from `from`), the first half of them where `half` (XREAD STREAMS). */
  | { readonly kind: 'keyword'; readonly word: string; readonly from: number; readonly half: boolean }
  /** `base` plus keys named by options (`STORE key`): each option's next argument. */
  | { readonly kind: 'options'; readonly base: KeySpec; readonly words: readonly string[]; readonly from: number };
