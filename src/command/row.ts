import type { BroadcastName } from './fleet.ts';

/**
 * Facts about one command (or subcommand, `object|encoding`). Rows are frozen data made at start from the generated table.
 * Every row has every property, absent ones as `undefined`: one hidden class, since the hot path reads rows.
 */
export interface CommandRow {
  /** Dense index: typed-array counters use it. */
  readonly id: number;
  /** Lower case; a subcommand as `container|sub`. */
  readonly name: string;
  /** As in Redis: exact count when positive, minimum when negative; counts the command name (and the container). */
  readonly arity: number;
  /** True where it may change data. An unknown command counts as a write. */
  readonly write: boolean;
  /** Index of the only key where there is always exactly one at a fixed place and no guard, else 0: the fast path. */
  readonly soleKey: number;
  /** How to find the keys. */
  readonly keys: KeySpec;
  readonly policy: Policy;
  /** Set when `policy` is `local`: which local command answers. */
  readonly local?: LocalName | undefined;
  /** Set when `policy` is `split`. */
  readonly split?: SplitName | undefined;
  /** Set when `policy` is `fleet`. */
  readonly fleet?: FleetName | undefined;
  /** Manages nodes: only where the pool allows it. */
  readonly admin: boolean;
  /** Set when `policy` is `refuse`: the text behind `ERR `, says what to do instead where there is something. */
  readonly refusal?: string | undefined;
  /** Extra check on the arguments before it may pass (the patterns of SORT): name in `command/special/`. */
  readonly guard?: GuardName | undefined;
  /** Set when `policy` is `block` and it depends on the arguments whether the command may wait: name in `command/special/`. */
  readonly blocks?: BlocksName | undefined;
  /** In a pool that keeps copies (`random`): goes to every node, so that no stale copy survives. */
  readonly everywhere: boolean;
  /** Subcommand rows by lower-case name, where this is a container. */
  readonly subcommands?: ReadonlyMap<string, CommandRow> | undefined;
}

/**
 * What keyfan does with a command. Closed: whoever adds one is led by the compiler to every table that needs a row. `shard`: forwarded
 * whole; all keys must share a shard. `split`: one fragment per shard, replies merged. `any`: keyless and the same on every node, forwarded
 * to one. `local`: answered by keyfan. `script`, `block`: as `shard`, on a connection of the session's own. `transaction`: MULTI and its
 * kin. `wait`: WAIT and WAITAOF, all nodes. `fleet`: all nodes, one reply. `publish`: to the node of a channel. `pubsub`: SUBSCRIBE and its
 * kin. `refuse`: never reaches a node.
 */
export type Policy =
  | 'shard'
  | 'split'
  | 'any'
  | 'local'
  | 'script'
  | 'block'
  | 'transaction'
  | 'wait'
  | 'fleet'
  | 'publish'
  | 'pubsub'
  | 'refuse';

export type SplitName = 'mget' | 'mset' | 'sum';

export type LocalName =
  | 'ping'
  | 'echo'
  | 'quit'
  | 'time'
  | 'command'
  | 'client'
  | 'hello'
  | 'auth'
  | 'select'
  | 'reset'
  | 'info'
  | 'keyfan'
  | 'monitor'
  | 'whoami';

export type GuardName = 'near_sort_patterns';

/** All nodes get the request as it is and their replies are merged, or something more special. */
export type FleetName = BroadcastName | 'scan' | 'random_key' | 'slowlog' | 'debug';

export type BlocksName = 'block_option';

/** Where keys stand among the arguments; indexes count the command name as 0. Words are in lower case. */
export type KeySpec =
  | { readonly kind: 'none' }
  /** From `first` to `last` (negative: from the end) by `step`. */
  | { readonly kind: 'range'; readonly first: number; readonly last: number; readonly step: number }
  /**
   * A count at `countAt`, that many keys from `first` by `step`; `lead` are further fixed keys (ZUNIONSTORE's destination).
   * A count of 0 is valid only where `mayBeZero` (EVAL).
   */
  | {
      readonly kind: 'numkeys';
      readonly countAt: number;
      readonly first: number;
      readonly step: number;
      readonly lead: readonly number[];
      readonly mayBeZero: boolean;
    }
  /**
   * All arguments behind keyword `word` (searched from `from`), the first half of them where `half` (XREAD STREAMS).
   * `valued`: see below.
   */
  | { readonly kind: 'keyword'; readonly word: string; readonly from: number; readonly half: boolean; readonly valued: Valued }
  /**
   * `base` plus keys named by options (`STORE key`): each option's next argument, the last one where an option is repeated.
   */
  | {
      readonly kind: 'options';
      readonly base: KeySpec;
      readonly words: readonly string[];
      readonly valued: Valued;
      readonly from: number;
    }
  /** MIGRATE: the key at 3, or where that is empty everything behind the option KEYS. */
  | { readonly kind: 'migrate' };

/** Options with their number of values: a value is never an option itself (`SORT k GET store`, a group called `streams`). */
export type Valued = readonly (readonly [word: string, values: number])[];
