/** Shapes of the generated data (`generated/`) and of the rows that `newer.ts` adds to it. Data only, no behaviour. */

/** A reply tree: text is a bulk string, an object a map (flat in RESP2), an array an array. */
export type Tree = string | number | readonly Tree[] | { readonly [key: string]: Tree };

/** One key spec in the words of COMMAND INFO. */
export interface KeySpecData {
  readonly notes?: string;
  readonly flags: readonly string[];
  readonly begin_search: BeginSearch;
  readonly find_keys: FindKeys;
}

export type BeginSearch =
  | { readonly type: 'index'; readonly spec: { readonly index: number } }
  | { readonly type: 'keyword'; readonly spec: { readonly keyword: string; readonly startfrom: number } }
  | { readonly type: 'unknown'; readonly spec: Readonly<Record<never, never>> };

export type FindKeys =
  | { readonly type: 'range'; readonly spec: { readonly lastkey: number; readonly keystep: number; readonly limit: number } }
  | { readonly type: 'keynum'; readonly spec: { readonly keynumidx: number; readonly firstkey: number; readonly keystep: number } }
  | { readonly type: 'unknown'; readonly spec: Readonly<Record<never, never>> };

export interface CommandData {
  /** Lower case; a subcommand as `container|sub`. */
  readonly name: string;
  readonly arity: number;
  /** Separated by spaces, in Redis' order. */
  readonly flags: string;
  /** First key, last key, step, as old clients read them. */
  readonly range: readonly [number, number, number];
  /** ACL categories without `@`, separated by spaces. */
  readonly acl: string;
  readonly tips?: readonly string[];
  /** Indexes into the key spec table. */
  readonly specs?: readonly number[];
  readonly subcommands?: readonly CommandData[];
}

/** One command as Redis describes it: the generated data with its references resolved, or a newer command of `newer.ts`. */
export interface Command {
  /** Lower case; a subcommand as `container|sub`. */
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly range: readonly [number, number, number];
  readonly acl: readonly string[];
  readonly tips: readonly string[];
  readonly specs: readonly KeySpecData[];
  readonly subcommands: readonly Command[];
}
