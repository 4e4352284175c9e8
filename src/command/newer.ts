import type { Command, KeySpecData } from './data.ts';

/**
 * Commands that a node newer than the one the table was generated from may know. Forwarded like any other: an older node
 * answers "unknown command" itself. Arities are the most permissive of all released versions: the node has the last word.
 */
interface Family {
  /** Why it stands here; also the summary in COMMAND DOCS. */
  readonly reason: string;
  readonly since: string;
  readonly group: string;
  readonly rows: readonly Row[];
}

/** Name, arity, command flags, key flags, where the keys stand. */
type Row = readonly [name: string, arity: number, flags: string, keyFlags: string, layout: Layout];

/** `one`: the key at 1. `two`: keys at 1 and 2. `count`: a count at 1, keys behind it. `pairs`: the same with a value behind each. */
type Layout = 'one' | 'two' | 'count' | 'pairs' | 'none';

const FAMILIES: readonly Family[] = [
  {
    reason: 'Hash field expiry (Redis 7.4, Valkey 9)',
    since: '7.4.0',
    group: 'hash',
    rows: [
      ['hexpire', -6, 'write denyoom fast', 'RW update', 'one'],
      ['hpexpire', -6, 'write denyoom fast', 'RW update', 'one'],
      ['hexpireat', -6, 'write denyoom fast', 'RW update', 'one'],
      ['hpexpireat', -6, 'write denyoom fast', 'RW update', 'one'],
      ['hpersist', -5, 'write fast', 'RW update', 'one'],
      ['httl', -5, 'readonly fast', 'RO access', 'one'],
      ['hpttl', -5, 'readonly fast', 'RO access', 'one'],
      ['hexpiretime', -5, 'readonly fast', 'RO access', 'one'],
      ['hpexpiretime', -5, 'readonly fast', 'RO access', 'one'],
    ],
  },
  {
    reason: 'Hash fields read or written together with their expiry (Redis 8.0, Valkey 9)',
    since: '8.0.0',
    group: 'hash',
    rows: [
      ['hgetex', -5, 'write fast', 'RW access update', 'one'],
      ['hsetex', -6, 'write denyoom fast', 'RW update', 'one'],
      ['hgetdel', -5, 'write fast', 'RW access delete', 'one'],
    ],
  },
  {
    reason: 'Compare-and-set on strings, and several keys with one expiry (Redis 8.4, Valkey 9)',
    since: '8.4.0',
    group: 'string',
    rows: [
      ['delex', -2, 'write fast', 'RW delete', 'one'],
      ['delifeq', 3, 'write fast', 'RM access delete', 'one'],
      ['digest', 2, 'readonly fast', 'RO access', 'one'],
      ['msetex', -4, 'write denyoom', 'OW update', 'pairs'],
    ],
  },
  {
    reason: 'Bounded increments, set cardinalities and moves of several list elements (Redis 8.8 and later)',
    since: '8.8.0',
    group: 'generic',
    rows: [
      ['increx', -2, 'write denyoom fast', 'RW access update', 'one'],
      ['sunioncard', -3, 'readonly', 'RO access', 'count'],
      ['sdiffcard', -3, 'readonly', 'RO access', 'count'],
      ['lmovem', -5, 'write denyoom', 'RW access delete', 'two'],
      ['blmovem', -6, 'write denyoom blocking', 'RW access delete', 'two'],
    ],
  },
  {
    reason: 'Stream entries deleted with regard to consumer groups, idempotent producers (Redis 8.2 and later)',
    since: '8.2.0',
    group: 'stream',
    rows: [
      ['xackdel', -6, 'write fast', 'RW update delete', 'one'],
      ['xdelex', -5, 'write fast', 'RW delete', 'one'],
      ['xnack', -7, 'write fast', 'RW update', 'one'],
      ['xcfgset', -2, 'write fast', 'RW update', 'one'],
    ],
  },
  {
    reason: 'Vector sets (Redis 8.0)',
    since: '8.0.0',
    group: 'vector_set',
    rows: [
      ['vadd', -5, 'write denyoom module', 'RW update', 'one'],
      ['vrem', 3, 'write module', 'RW delete', 'one'],
      ['vsetattr', 4, 'write module fast', 'RW update', 'one'],
      ['vsim', -4, 'readonly module', 'RO access', 'one'],
      ['vdim', 2, 'readonly module fast', 'RO access', 'one'],
      ['vcard', 2, 'readonly module fast', 'RO access', 'one'],
      ['vemb', -3, 'readonly module fast', 'RO access', 'one'],
      ['vlinks', -3, 'readonly module fast', 'RO access', 'one'],
      ['vinfo', 2, 'readonly module fast', 'RO access', 'one'],
      ['vgetattr', 3, 'readonly module fast', 'RO access', 'one'],
      ['vismember', 3, 'readonly module', 'RO access', 'one'],
      ['vrandmember', -2, 'readonly module', 'RO access', 'one'],
      ['vrange', -4, 'readonly module', 'RO access', 'one'],
    ],
  },
  {
    reason: 'Arrays (Redis 8.8)',
    since: '8.8.0',
    group: 'array',
    rows: [
      ['arcount', 2, 'readonly fast', 'RO access', 'one'],
      ['ardel', -3, 'write fast', 'RW delete', 'one'],
      ['ardelrange', -4, 'write', 'RW delete', 'one'],
      ['arget', 3, 'readonly fast', 'RO access', 'one'],
      ['argetrange', 4, 'readonly', 'RO access', 'one'],
      ['argrep', -6, 'readonly', 'RO access', 'one'],
      ['arinfo', -2, 'readonly', 'RO access', 'one'],
      ['arinsert', -3, 'write denyoom fast', 'RW update', 'one'],
      ['arlastitems', -3, 'readonly', 'RO access', 'one'],
      ['arlen', 2, 'readonly fast', 'RO access', 'one'],
      ['armget', -3, 'readonly fast', 'RO access', 'one'],
      ['armset', -4, 'write denyoom fast', 'RW update', 'one'],
      ['arnext', 2, 'readonly fast', 'RO access', 'one'],
      ['arop', -5, 'readonly', 'RO access', 'one'],
      ['arring', -4, 'write denyoom', 'RW update', 'one'],
      ['arscan', -4, 'readonly', 'RO access', 'one'],
      ['arseek', 3, 'write fast', 'RW update', 'one'],
      ['arset', -4, 'write denyoom fast', 'RW update', 'one'],
    ],
  },
  {
    reason: 'Waits for the append-only files of nodes, as WAIT does for their replicas',
    since: '7.2.0',
    group: 'generic',
    rows: [['waitaof', 4, 'blocking', '', 'none']],
  },
  {
    reason: 'Known by name so that keyfan can say why it refuses them instead of calling them unknown',
    since: '7.2.0',
    group: 'server',
    rows: [
      ['hotkeys', -2, 'admin', '', 'none'],
      ['commandlog', -2, 'admin', '', 'none'],
      ['himport', -2, 'write denyoom', '', 'none'],
      ['trimslots', -5, 'write', '', 'none'],
      ['backup', -2, 'admin', '', 'none'],
    ],
  },
  {
    reason: "keyfan's own: nodes, routing and version of the proxy. Not a command of Redis",
    since: '7.0.0',
    group: 'server',
    rows: [['keyfan', -2, 'noscript loading stale fast', '', 'none']],
  },
  {
    reason: 'What client libraries say about themselves when they connect (Redis 7.2, Valkey 8)',
    since: '7.2.0',
    group: 'connection',
    rows: [
      ['client|setinfo', 4, 'noscript loading stale', '', 'none'],
      ['client|no-touch', 3, 'noscript loading stale', '', 'none'],
      ['client|capa', -3, 'noscript loading stale', '', 'none'],
      ['client|import-source', 3, 'noscript loading stale', '', 'none'],
    ],
  },
];

const atIndex = (flags: readonly string[], index: number): KeySpecData => ({
  flags,
  begin_search: { type: 'index', spec: { index } },
  find_keys: { type: 'range', spec: { lastkey: 0, keystep: 1, limit: 0 } },
});

const counted = (flags: readonly string[], keystep: number): KeySpecData => ({
  flags,
  begin_search: { type: 'index', spec: { index: 1 } },
  find_keys: { type: 'keynum', spec: { keynumidx: 0, firstkey: 1, keystep } },
});

const LAYOUTS: Record<Layout, (flags: readonly string[]) => readonly KeySpecData[]> = {
  none: () => [],
  one: (flags) => [atIndex(flags, 1)],
  two: (flags) => [atIndex(flags, 1), atIndex(['RW', 'insert'], 2)],
  count: (flags) => [counted(flags, 1)],
  pairs: (flags) => [counted(flags, 2)],
};

/** What clients read that know no key specs: a counted layout has no fixed first key. */
const RANGES: Record<Layout, Command['range']> = { none: [0, 0, 0], one: [1, 1, 1], two: [1, 2, 1], count: [0, 0, 0], pairs: [0, 0, 0] };

function commandOf([name, arity, flagText, keyFlags, layout]: Row, group: string): Command {
  const flags = flagText.split(' ');
  const counts = layout === 'count' || layout === 'pairs';
  const access = flags.includes('readonly') ? ['read'] : flags.includes('write') ? ['write'] : [];
  return {
    name,
    arity,
    flags: counts ? [...flags, 'movablekeys'] : flags,
    range: RANGES[layout],
    acl: [...access, group.replace('_', ''), flags.includes('fast') ? 'fast' : 'slow'],
    tips: [],
    specs: LAYOUTS[layout](keyFlags.split(' ')),
    subcommands: [],
  };
}

const all = FAMILIES.flatMap((family) => family.rows.map((row) => ({ family, command: commandOf(row, family.group) })));

export const NEWER: readonly Command[] = all.map(({ command }) => command).filter(({ name }) => !name.includes('|'));

/** New subcommands of containers that the generated table has. */
export const NEWER_SUBCOMMANDS: readonly Command[] = all.map(({ command }) => command).filter(({ name }) => name.includes('|'));

/** What COMMAND DOCS says of each. */
export const NEWER_DOCS: ReadonlyMap<string, { readonly summary: string; readonly since: string; readonly group: string }> = new Map(
  all.map(({ family, command }) => [command.name, { summary: family.reason, since: family.since, group: family.group }]),
);
