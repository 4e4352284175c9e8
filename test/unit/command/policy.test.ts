import t from 'tap';
import { CATALOG } from '../../../src/command/catalog.ts';
import { REFUSED_CONTAINER, REFUSED_UNLISTED } from '../../../src/command/overrides.ts';
import { decide, isListed, OVERRIDDEN } from '../../../src/command/policy.ts';
import type { Policy } from '../../../src/command/row.ts';
import { COMMAND_ROWS, rowByName } from '../../../src/command/table.ts';

const policyOf = (name: string): Policy | undefined => rowByName(name)?.policy;

t.test('every row is decided, with what its policy needs and nothing else', (t) => {
  for (const row of COMMAND_ROWS) {
    const needs = {
      shard: row.keys.kind !== 'none',
      split: row.split !== undefined && row.keys.kind === 'range',
      any: row.keys.kind === 'none' && !row.write,
      script: row.keys.kind === 'numkeys' && row.keys.mayBeZero,
      block: row.keys.kind !== 'none',
      fleet: row.keys.kind === 'none' && row.fleet !== undefined,
      wait: row.keys.kind === 'none',
      publish: row.keys.kind === 'range',
      pubsub: row.name.endsWith('subscribe'),
      transaction: row.keys.kind === 'none' || row.name === 'watch',
      local: row.local !== undefined && row.keys.kind === 'none',
      refuse: row.refusal?.startsWith(`keyfan: '${row.name}' is not supported: `) === true,
    } satisfies Record<Policy, boolean>;
    if (!needs[row.policy]) t.fail(`${row.name}: ${row.policy} does not fit`);
    const extras = [
      [row.split, 'split'],
      [row.local, 'local'],
      [row.refusal, 'refuse'],
      [row.guard, 'shard'],
      [row.blocks, 'block'],
    ] as const;
    for (const [value, policy] of extras) {
      if (value !== undefined && row.policy !== policy) t.fail(`${row.name}: ${row.policy} with ${value}`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not be there
    if (row.refusal !== undefined && /[\x00-\x1f\x7f-\uffff]/.test(row.refusal)) t.fail(`${row.name}: odd bytes in the refusal`);
  }
  t.end();
});

t.test('no known command is left to the refusing default', (t) => {
  const fallen = COMMAND_ROWS.filter((row) => row.refusal?.endsWith(REFUSED_UNLISTED)).map((row) => row.name);
  t.same(fallen, []);
  const keyless = COMMAND_ROWS.filter((row) => row.keys.kind === 'none' && !row.refusal?.endsWith(REFUSED_CONTAINER));
  t.same(
    keyless.filter((row) => !isListed(row.name)).map((row) => row.name),
    [],
  );
  t.end();
});

t.test('the default is safe for commands nobody has thought of', (t) => {
  const facts = { name: 'future', flags: [], keyed: true, container: false };
  t.equal(decide(facts).policy, 'shard');
  t.match(decide({ ...facts, keyed: false }), {
    policy: 'refuse',
    refusal: "keyfan: 'future' is not supported: keyfan does not know how to route it",
  });
  t.equal(decide({ ...facts, container: true, keyed: false }).policy, 'refuse');
  for (const flag of ['blocking', 'admin', 'pubsub', 'asking']) t.equal(decide({ ...facts, flags: [flag] }).policy, 'refuse', flag);
  t.equal(decide({ ...facts, name: 'acl|future', keyed: true }).policy, 'refuse', "a container's entry holds for new subcommands");
  t.end();
});

t.test('the overrides name existing commands, each once', (t) => {
  const known = new Set(CATALOG.flatMap((command) => [command, ...command.subcommands]).map((command) => command.name));
  t.same(
    OVERRIDDEN.filter((name) => !known.has(name)),
    [],
  );
  t.end();
});

t.test('what changes the connection, blocks, or concerns more than its keys never reaches a node', (t) => {
  const never =
    'shutdown replicaof slaveof cluster|slots module|load sync psync replconf migrate failover latency|graph ' +
    'latency|histogram memory|stats role readonly readwrite asking restore-asking pfdebug pfselftest script|debug';
  for (const name of never.split(' ')) t.equal(policyOf(name), 'refuse', name);
  const passing = COMMAND_ROWS.filter((row) => row.policy === 'shard' || row.policy === 'split' || row.policy === 'any');
  const flagsOf = new Map(CATALOG.flatMap((command) => [command, ...command.subcommands]).map((command) => [command.name, command.flags]));
  for (const row of passing) {
    const flags = flagsOf.get(row.name) as readonly string[];
    const unfit = flags.filter((flag) => ['admin', 'pubsub', 'asking', 'no_mandatory_keys'].includes(flag));
    if (unfit.length > 0) t.fail(`${row.name} passes with ${unfit}`);
    if (flags.includes('blocking')) t.fail(`${row.name} may block`);
  }
  t.end();
});

t.test('split, local, guarded and constant commands', (t) => {
  const splits = Object.fromEntries(COMMAND_ROWS.filter((row) => row.split !== undefined).map((row) => [row.name, row.split]));
  t.same(splits, { mget: 'mget', mset: 'mset', del: 'sum', unlink: 'sum', exists: 'sum', touch: 'sum' });
  for (const name of ['ping', 'echo', 'quit', 'time', 'hello', 'auth', 'select', 'reset', 'info', 'command']) {
    t.match(rowByName(name), { policy: 'local', local: name }, name);
  }
  for (const name of ['command|docs', 'command|getkeysandflags']) t.match(rowByName(name), { policy: 'local', local: 'command' }, name);
  for (const name of ['client|setname', 'client|id', 'client|setinfo', 'client|no-evict'])
    t.match(rowByName(name), { policy: 'local', local: 'client' }, name);
  const guards = Object.fromEntries(COMMAND_ROWS.filter((row) => row.guard !== undefined).map((row) => [row.name, row.guard]));
  t.same(guards, {
    sort: 'near_sort_patterns',
    sort_ro: 'near_sort_patterns',
  });
  const blocking = COMMAND_ROWS.filter((row) => row.policy === 'block').map((row) => row.name);
  t.same(
    blocking.sort(),
    'blmove blmovem blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin xread xreadgroup'.split(' '),
    'may wait at the node',
  );
  const any = COMMAND_ROWS.filter((row) => row.policy === 'any').map((row) => row.name);
  t.same(
    any.sort(),
    (
      'acl|cat acl|genpass acl|help config|help function|dump function|help function|list latency|help lolwut memory|help object|help ' +
      'pubsub|help script|help slowlog|help xgroup|help xinfo|help'
    ).split(' '),
  );
  for (const row of COMMAND_ROWS.filter(({ admin }) => admin)) t.equal(row.policy, 'fleet', `${row.name} goes to all nodes`);
  t.equal(policyOf('memory|usage'), 'shard', 'has a key, though its container is refused elsewhere');
  t.equal(policyOf('msetnx'), 'shard', 'atomic: never split');
  t.end();
});

t.test('everywhere: what would leave a stale copy in a random pool', (t) => {
  const everywhere = new Set(COMMAND_ROWS.filter((row) => row.everywhere).map((row) => row.name));
  for (const name of 'del unlink getdel expire pexpire expireat pexpireat persist hdel srem zrem hexpire delifeq'.split(' '))
    t.ok(everywhere.has(name), name);
  for (const name of 'get set spop lpop zpopmin exists touch mget'.split(' ')) t.notOk(everywhere.has(name), name);
  t.ok(
    COMMAND_ROWS.every((row) => !row.everywhere || row.write),
    'only writes',
  );
  t.end();
});
