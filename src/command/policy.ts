import {
  ADMIN,
  ANY,
  BLOCKING,
  EVERYWHERE,
  FLEET,
  GUARDED,
  LOCAL,
  MAY_BLOCK,
  PUBLISH,
  PUBSUB,
  REFUSED,
  REFUSED_CONTAINER,
  REFUSED_UNLISTED,
  SCRIPTS,
  SPLIT,
  TRANSACTIONS,
  WAIT,
} from './overrides.ts';
import type { BlocksName, FleetName, GuardName, LocalName, Policy, SplitName } from './row.ts';

export interface Decision {
  readonly policy: Policy;
  readonly local?: LocalName;
  readonly split?: SplitName;
  readonly refusal?: string;
  readonly guard?: GuardName;
  readonly blocks?: BlocksName;
  readonly fleet?: FleetName;
  readonly admin?: boolean;
}

/** What the default rule needs to know of a command. */
export interface Facts {
  readonly name: string;
  readonly flags: readonly string[];
  readonly keyed: boolean;
  readonly container: boolean;
}

/** Flags that make even a command with keys unfit for a shared connection, whatever it is. */
const UNFIT = new Set(['blocking', 'admin', 'pubsub', 'asking']);

type Decide = (name: string) => Decision;

const DECISIONS: ReadonlyMap<string, Decide> = new Map<string, Decide>([
  ...named(REFUSED, ([, reason]) => refuse(reason)),
  ...named(ANY, () => () => ({ policy: 'any' })),
  ...named(SCRIPTS, () => () => ({ policy: 'script' })),
  ...named(BLOCKING, () => () => ({ policy: 'block' })),
  ...named(turned(MAY_BLOCK), ([, blocks]) => () => ({ policy: 'block', blocks })),
  ...named(turned(FLEET), ([, fleet]) => () => ({ policy: 'fleet', fleet })),
  ...named(turned(ADMIN), ([, fleet]) => () => ({ policy: 'fleet', fleet, admin: true })),
  ...named(WAIT, () => () => ({ policy: 'wait' })),
  ...named(PUBLISH, () => () => ({ policy: 'publish' })),
  ...named(PUBSUB, () => () => ({ policy: 'pubsub' })),
  ...named(TRANSACTIONS, () => () => ({ policy: 'transaction' })),
  ...named(turned(LOCAL), ([, local]) => () => ({ policy: 'local', local })),
  ...named(turned(SPLIT), ([, split]) => () => ({ policy: 'split', split })),
  ...named(turned(GUARDED), ([, guard]) => () => ({ policy: 'shard', guard })),
]);

/** By name: why keyfan does with a command what it does. */
const REASONS: ReadonlyMap<string, string> = new Map(
  [REFUSED, ANY, SCRIPTS, BLOCKING, WAIT, PUBLISH, PUBSUB, TRANSACTIONS, ...[MAY_BLOCK, FLEET, ADMIN, LOCAL, SPLIT, GUARDED].map(unvalued)]
    .flat()
    .flatMap(([names, reason]) => names.split(' ').map((name) => [name, reason] as const)),
);

const EVERYWHERE_NAMES: ReadonlySet<string> = new Set(EVERYWHERE.flatMap(([names]) => names.split(' ')));

/** Names of the overrides, for the test that each one is a command. */
export const OVERRIDDEN: readonly string[] = [...DECISIONS.keys(), ...EVERYWHERE_NAMES];

/** True where an entry of the overrides decides, the container's included. */
export function isListed(name: string): boolean {
  return DECISIONS.has(name) || DECISIONS.has(containerOf(name));
}

/** Why keyfan does with a command what it does; empty where the command follows the rule. */
export function reasonOf(name: string): string {
  return REASONS.get(name) ?? REASONS.get(containerOf(name)) ?? '';
}

/**
 * The policy of a command: its own entry, else its container's, else the default, which is safe for commands nobody has
 * thought of yet: keys lead to a shard unless a flag speaks against it, everything else is refused.
 */
export function decide(facts: Facts): Decision {
  const { name, flags } = facts;
  const listed = DECISIONS.get(name) ?? (name.includes('|') ? DECISIONS.get(containerOf(name)) : undefined);
  if (listed !== undefined) return listed(name);
  if (facts.container) return refuse(REFUSED_CONTAINER)(name);
  if (facts.keyed && !flags.some((flag) => UNFIT.has(flag))) return { policy: 'shard' };
  return refuse(REFUSED_UNLISTED)(name);
}

export function isEverywhere(name: string): boolean {
  return EVERYWHERE_NAMES.has(name);
}

function refuse(reason: string): Decide {
  return (name) => ({ policy: 'refuse', refusal: `keyfan: '${name}' is not supported: ${reason}` });
}

function containerOf(name: string): string {
  return name.split('|', 1)[0] as string;
}

function turned<Value>(entries: readonly (readonly [Value, string, string])[]): (readonly [string, Value])[] {
  return entries.map(([value, names]) => [names, value] as const);
}

function unvalued(entries: readonly (readonly [unknown, string, string])[]): (readonly [string, string])[] {
  return entries.map(([, names, reason]) => [names, reason] as const);
}

function named<Value>(
  entries: readonly (readonly [string, Value])[],
  make: (entry: readonly [string, Value]) => Decide,
): [string, Decide][] {
  return entries.flatMap((entry) => entry[0].split(' ').map((name): [string, Decide] => [name, make(entry)]));
}
