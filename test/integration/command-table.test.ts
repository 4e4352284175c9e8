import t from 'tap';
import { CATALOG } from '../../src/command/catalog.ts';
import { describeCommand } from '../../src/command/describe.ts';
import { REDIS_VERSION } from '../../src/command/generated/commands.ts';
import { collectKeys, KeyList } from '../../src/command/keys.ts';
import { NEWER, NEWER_SUBCOMMANDS } from '../../src/command/newer.ts';
import type { CommandRow } from '../../src/command/row.ts';
import { arityOk, COMMAND_ROWS, commandOf } from '../../src/command/table.ts';
import { arityText, unknownText } from '../../src/command/texts.ts';
import { startRedis } from '../support/redis.ts';
import { type Arg, connectResp, type Reply } from '../support/resp-client.ts';
import { type Typed, typedReply } from '../support/typed-reply.ts';
import { viewOf } from '../support/view.ts';

const AT_ONCE = 200;
const added = new Set([...NEWER, ...NEWER_SUBCOMMANDS].map((command) => command.name));
const isGenerated = (row: { readonly name: string }): boolean => !added.has(row.name);

const node = await startRedis();
const client = await connectResp(node.port);
t.teardown(async () => {
  await client.close();
  await node.stop();
});

/** Replies of the real server, in order. */
async function ask(requests: readonly (readonly (string | Buffer)[])[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let at = 0; at < requests.length; at += AT_ONCE) {
    replies.push(...(await client.pipeline(requests.slice(at, at + AT_ONCE) as readonly (readonly Arg[])[])));
  }
  return replies;
}

const split = (request: string): string[] => request.split(' ').map((word) => (word === "''" ? '' : word));

const ours = (request: readonly (string | Buffer)[]): Typed => typedReply(describeCommand(viewOf(...request), 2));

/** Entries of COMMAND and maps of subcommands sorted by name; added ones left out. */
function normal(typed: Typed): Typed {
  if (typeof typed === 'string') return typed;
  const items = typed.map(normal);
  if (isInfoList(items)) return items.filter((item) => isGenerated({ name: nameOf(item) })).sort(byName);
  if (isNameMap(items)) {
    const pairs = items.flatMap((item, i) => (i % 2 === 0 ? [[item, items[i + 1] as Typed]] : []));
    return pairs.filter(([name]) => isGenerated({ name: (name as string).slice(1) })).sort(byName);
  }
  return items;
}

const nameOf = (entry: Typed): string => ((entry as Typed[])[0] as string).slice(1);
const byName = (a: Typed, b: Typed): number => (nameOf(a) < nameOf(b) ? -1 : 1);
const isInfoList = (items: Typed[]): boolean => items.length > 0 && items.every((item) => Array.isArray(item) && item.length === 10);
const NAMES = new Set(CATALOG.flatMap((command) => [command, ...command.subcommands]).map((command) => `$${command.name}`));
const isNameMap = (items: Typed[]): boolean =>
  items.length > 0 &&
  items.length % 2 === 0 &&
  items.every((item, i) => (i % 2 === 0 ? typeof item === 'string' && NAMES.has(item) : Array.isArray(item)));

const minor = (version: string): string => version.split('.').slice(0, 2).join('.');
const version = /redis_version:(\S+)/.exec((await client.command('INFO', 'server')).text)?.[1] ?? 'unknown';
/** Another version of Redis has other commands and texts: nothing to compare with. */
const skip = minor(version) === minor(REDIS_VERSION) ? false : `the table is of Redis ${REDIS_VERSION}, the server here is ${version}`;

t.test('COMMAND, INFO, DOCS and LIST as the server answers them', { skip }, async (t) => {
  const names = COMMAND_ROWS.filter(isGenerated).map((row) => row.name);
  const requests = [
    'COMMAND',
    'COMMAND INFO',
    'COMMAND DOCS',
    'COMMAND HELP',
    'command info GET nosuch Set get object|encoding object|nosuch object|encoding|x |get get| config',
    'COMMAND DOCS nosuch GET config|get config|nosuch get',
    'COMMAND INFO constructor __proto__',
    'COMMAND DOCS constructor __proto__ toString',
    ...names.flatMap((name) => [`COMMAND INFO ${name}`, `COMMAND DOCS ${name}`]),
    'COMMAND LIST x',
    'COMMAND LIST FILTERBY',
    'COMMAND LIST FILTERBY PATTERN',
    'COMMAND LIST FILTERBY nosuch x',
    'COMMAND LIST FILTERBY MODULE x',
    'COMMAND LIST FILTERBY MODULE x y',
    'COMMAND LIST FILTERBY ACLCAT nosuch',
    'COMMAND LIST FILTERBY PATTERN nosuch',
    'COMMAND COUNT x',
    'COMMAND HELP x',
    'COMMAND nosuch',
    'COMMAND GETKEYS',
    'COMMAND constructor x',
  ].map(split);
  const replies = await ask(requests);
  let same = 0;
  requests.forEach((request, i) => {
    const [found, wanted] = [normal(ours(request)), normal(typedReply((replies[i] as Reply).raw))];
    if (JSON.stringify(found) === JSON.stringify(wanted)) same++;
    else t.same(found, wanted, request.join(' '));
  });
  t.equal(same, requests.length);
});

t.test('COMMAND COUNT and LIST, without the commands added to the table', { skip }, async (t) => {
  const [count, list] = (
    await ask([
      ['COMMAND', 'COUNT'],
      ['COMMAND', 'LIST'],
    ])
  ).map((reply) => reply.value);
  t.equal(ours(['COMMAND', 'COUNT']), `:${(count as number) + NEWER.length}`);
  const generated = (typed: Typed): string[] =>
    (typed as string[])
      .map((name) => name.slice(1))
      .filter((name) => !added.has(name))
      .sort();
  t.same(generated(ours(['COMMAND', 'LIST'])), (list as string[]).sort());
  const filters = [
    ...['string', 'STRING', 'slow', 'dangerous', 'read', 'blocking', '@read', 'connection'].map((category) => ['ACLCAT', category]),
    ...['*', 'x*', 'X*', '*|get', 'z[a-r]*', '[^a-w]*', '?et', 'g\\et', 'config|?et', '[z-x]*', '*[', 'get*e*'].map((glob) => [
      'pattern',
      glob,
    ]),
  ].map((filter) => ['COMMAND', 'LIST', 'FilterBy', ...filter]);
  const replies = await ask(filters);
  filters.forEach((request, i) => {
    t.same(generated(ours(request)), ((replies[i] as Reply).value as string[]).sort(), request.join(' '));
  });
});

const GETKEYS = `
GET k|SET k v|SET k v GET|SET k v EX 10 get|MGET a b c|MSET a 1 b 2|MSET a 1 b|MSETNX a 1 b 2|DEL a b|UNLINK a|EXISTS a b c|TOUCH a|RENAME a b|RENAMENX a b
COPY a b|COPY a b REPLACE|LCS a b LEN|PFADD k x|PFCOUNT a b|PFMERGE d a b|PFDEBUG ENCODING k|BITOP AND d a b|BITOP NOT d a|BITFIELD k GET u8 0
BITFIELD k SET u8 0 1|BITFIELD k GET u8 0 INCRBY u8 0 1|BITFIELD k OVERFLOW SAT GET u8 0|BITFIELD k GET u8|BITFIELD k foo|BITFIELD k|BITFIELD_RO k GET u8 0
SINTER a b|SINTERSTORE d a b|SUNIONSTORE d a|SDIFFSTORE d a b|SINTERCARD 2 a b|SINTERCARD 2 a b LIMIT 1|SINTERCARD 0 a|SINTERCARD 3 a b|SINTERCARD x a|SMOVE a b m
ZUNIONSTORE d 2 a b|ZUNIONSTORE d 2 a b WEIGHTS 1 2|ZUNIONSTORE d 0 a|ZUNIONSTORE d x a|ZUNIONSTORE d 3 a b|ZUNIONSTORE d -1 a|ZINTERSTORE d 1 a|ZDIFFSTORE d 2 a b
ZUNION 2 a b WITHSCORES|ZUNION 0 a|ZUNION 9 a|ZINTER 1 a|ZDIFF 2 a b|ZINTERCARD 2 a b LIMIT 3|ZMPOP 2 a b MIN|ZMPOP 2 a MIN|ZMPOP 3 a MIN|LMPOP 1 a LEFT|LMPOP 5 a LEFT
BZMPOP 0 1 a MAX|BLMPOP 0 2 a b LEFT|BLMPOP 0 0 a LEFT|BLMPOP 0 x a LEFT|ZRANGESTORE d s 0 1|LMOVE a b LEFT RIGHT|RPOPLPUSH a b|BRPOPLPUSH a b 0|BLMOVE a b LEFT LEFT 0
BLPOP a 0|BLPOP a b c 0|BRPOP a b 0|BZPOPMIN a b 0|BZPOPMAX a 0|WATCH a b|EVAL s 0|EVAL s 0 x|EVAL s 1 a|EVAL s 2 a b c|EVAL s 3 a|EVAL s -1 a|EVAL s x a|EVALSHA s 1 a
EVAL_RO s 2 a b|EVALSHA_RO s 1 a|FCALL f 1 a b|FCALL f 0|FCALL_RO f 2 a b|XREAD STREAMS a 0|XREAD COUNT 1 STREAMS a b 0 0|XREAD STREAMS a b 0|XREAD streams a b c 0 0 0
XREAD COUNT 1 BLOCK 0 STREAMS a $|XREAD STREAMS x 0 STREAMS y 0|XREAD COUNT 1 a|XREAD COUNT 1 a b|XREAD a b STREAMS|XREADGROUP GROUP g c STREAMS k >
XREADGROUP GROUP g c COUNT 1 NOACK STREAMS a b > >|XREADGROUP GROUP g c BLOCK 0 STREAMS a >|XREADGROUP GROUP g c COUNT 1 a >|XADD k * f v|XADD k MAXLEN 1 * f v|XACK k g 1
XGROUP CREATE k g $|XGROUP DESTROY k g|XGROUP CREATECONSUMER k g c|XGROUP DELCONSUMER k g c|XGROUP SETID k g 0|XGROUP HELP|XGROUP|XINFO STREAM k|XINFO GROUPS k|XINFO CONSUMERS k g|XINFO HELP
OBJECT ENCODING k|OBJECT FREQ k|OBJECT IDLETIME k|OBJECT REFCOUNT k|OBJECT HELP|OBJECT nosuch k|OBJECT ENCODING|MEMORY USAGE k|MEMORY USAGE k SAMPLES 5|MEMORY DOCTOR x
SORT k|SORT k BY nosort|SORT k BY w_* GET # GET o_* LIMIT 0 1 ASC ALPHA|SORT k STORE d|SORT k BY x GET # STORE d|SORT k store a store b|SORT k GET store ASC|SORT k BY store LIMIT store store STORE d
SORT k STORE|SORT_RO k|SORT_RO k BY x GET y|GEORADIUS k 1 2 3 m|GEORADIUS k 1 2 3 m STORE d|GEORADIUS k 1 2 3 m WITHDIST STOREDIST d|GEORADIUS k 1 2 3 m STORE a STOREDIST b
GEORADIUS k 1 2 3 m COUNT 1 ANY ASC STORE d|GEORADIUS k 1 2 3 m STORE|GEORADIUS_RO k 1 2 3 m|GEORADIUSBYMEMBER k m 3 km|GEORADIUSBYMEMBER k m 3 km STORE d|GEORADIUSBYMEMBER k m 3 km STOREDIST d
GEORADIUSBYMEMBER_RO k m 3 km|GEOSEARCH k FROMMEMBER m BYRADIUS 1 m|GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 m|GEOADD k 1 2 m|MIGRATE h 1 k 0 100|MIGRATE h 1 k 0 100 COPY REPLACE
MIGRATE h 1 '' 0 100 KEYS a b|MIGRATE h 1 '' 0 100 REPLACE AUTH p KEYS a|MIGRATE h 1 '' 0 100 AUTH keys KEYS a b|MIGRATE h 1 '' 0 100 AUTH2 u keys keys a|MIGRATE h 1 k 0 100 KEYS a|MIGRATE h 1 k 0 100 keys
MOVE k 1|DUMP k|RESTORE k 0 x|RESTORE-ASKING k 0 x|SSUBSCRIBE a b|SPUBLISH a b|SUBSCRIBE a b|PUBLISH a b|PING x|CONFIG GET x|CONFIG nosuch x|nosuch x|constructor x|GET k x|MGET|HELLO 2
`
  .trim()
  .split(/[|\n]/)
  .map(split);

/** Reproducible pseudo-random integers below `limit`. */
function makeDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Options that take part in finding keys. Those where Redis disagrees with itself stand in the hand-written set only. */
const WORDS = ['0', '1', '2', '3', '4', '-1', 'x', '', 'WITHSCORES', 'NOACK', 'ASC', 'weights', 'get', 'GET'];
const SPECIAL: Readonly<Record<string, readonly string[]>> = {
  xread: ['STREAMS', 'streams', 'COUNT'],
  xreadgroup: ['STREAMS', 'streams', 'COUNT'],
  migrate: ['KEYS', 'keys', 'COPY', 'AUTH'],
};

/** PFMERGE with a destination only is valid and has one key, but COMMAND GETKEYS calls it invalid. */
const isDisputed = (args: readonly string[]): boolean => args[0] === 'pfmerge' && args.length === 2;

/** Random arguments for every command that has keys; each key-like word is unique, so that a key tells its index. */
function generated(): string[][] {
  const dice = makeDice(7);
  return COMMAND_ROWS.filter((row) => isGenerated(row) && row.keys.kind !== 'none').flatMap((row) =>
    Array.from({ length: 12 }, (_, round) => {
      const name = row.name.split('|');
      const words = [...WORDS, ...(SPECIAL[row.name] ?? [])];
      const argc = Math.abs(row.arity) + (row.arity < 0 ? dice(7) : 0);
      const args = Array.from({ length: argc - name.length }, (_, i) => {
        const plain = dice(3) > 0 || (row.name === 'sort' && i > 0);
        return plain ? `k${round}:${i}` : (words[dice(words.length)] as string);
      });
      return [...name, ...args];
    }),
  );
}

/** Every command with as few arguments as it may have, and with fewer. */
function scarce(): string[][] {
  return COMMAND_ROWS.filter(isGenerated).flatMap((row) => {
    const name = row.name.split('|');
    const least = Math.max(0, Math.abs(row.arity) - name.length);
    return Array.from({ length: least + 1 }, (_, count) => ['k', '1'].map((arg) => [...name, ...Array<string>(count).fill(arg)])).flat();
  });
}

t.test('COMMAND GETKEYS and GETKEYSANDFLAGS as the server answers them', { skip }, async (t) => {
  const requests = [...GETKEYS, ...scarce(), ...generated()].flatMap((request) => [
    ['COMMAND', 'GETKEYS', ...request],
    ['COMMAND', 'GETKEYSANDFLAGS', ...request],
  ]);
  t.ok(requests.length > 2 * 300);
  const replies = await ask(requests);
  let withKeys = 0;
  let errors = 0;
  requests.forEach((request, i) => {
    const [found, wanted] = [ours(request), typedReply((replies[i] as Reply).raw)];
    if (JSON.stringify(found) !== JSON.stringify(wanted)) t.same(found, wanted, request.map((arg) => arg || "''").join(' '));
    if (Array.isArray(wanted) && wanted.length > 0) withKeys++;
    else if (typeof wanted === 'string') errors++;
  });
  t.ok(withKeys > 300 && errors > 100, `${withKeys} with keys, ${errors} errors`);
});

t.test('the indexes are those of the keys', { skip }, async (t) => {
  const keys = new KeyList();
  const requests = generated().filter((request) => !isDisputed(request));
  const replies = await ask(requests.map((request) => ['COMMAND', 'GETKEYS', ...request]));
  requests.forEach((request, i) => {
    const view = viewOf(...request);
    const count = collectKeys(commandOf(view) as CommandRow, view, keys);
    const wanted = (replies[i] as Reply).value;
    const found = Array.from(keys.at.subarray(0, keys.count), (index) => request[index]);
    if (Array.isArray(wanted) && wanted.length > 0) {
      if (JSON.stringify(found) !== JSON.stringify(wanted)) t.same(found, wanted, request.join(' '));
    } else if (count > 0 && commandOf(view)?.policy !== 'publish') t.fail(`${request.join(' ')}: ${found}`);
  });
});

t.test('unknown commands: the text byte for byte', { skip }, async (t) => {
  const x = (length: number): string => 'x'.repeat(length);
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const requests: (string | Buffer)[][] = [
    ['foo'],
    ['foo', 'a', 'b', 'c'],
    ['FoO', ''],
    ['', ''],
    [''],
    [x(127)],
    [x(128), x(127)],
    [x(129), x(128)],
    [x(2000), x(2000), x(2000)],
    ...[120, 121, 122, 123, 124, 125, 126, 127, 128, 129].flatMap((length) => [
      ['foo', x(length), 'tail'],
      ['foo', x(length - 60), x(57), 'abc', 'tail'],
      ['foo', ...Array.from({ length }, () => '')],
      ['foo', ...Array.from({ length }, () => 'y')],
    ]),
    ['f\r\noo', 'a\r\nb', '\r', '\n'],
    ['f\0oo', 'a\0b', 'c'],
    ['\0', '\0'],
    [all, all],
    [all.subarray(1), all.subarray(1), 'x'],
    ['é', '日本', '%s%n%.128s', "it's"],
    ['constructor', 'a'],
    ['__proto__', 'a'],
    ['toString'],
    ['get\t', 'a'],
    ['get ', 'a'],
    ['object|encoding', 'a'],
    ['object', 'nosuch'],
    ['OBJECT', 'nosuch', 'a', 'b'],
    ['oBjEcT', x(300)],
    ['object', x(128)],
    ['object', ''],
    ['object', 'a\r\nb'],
    ['object', 'a\0b'],
    ['object', all],
    ['object', 'constructor'],
    ['CLIENT', '__proto__', 'x'],
    ['config', 'get|', 'x'],
    ['xgroup', 'create ', 'x'],
    ['command', 'get', 'x'],
  ];
  const replies = await ask(requests);
  requests.forEach((request, i) => {
    const view = viewOf(...request);
    if (commandOf(view) !== null) t.fail(`${request} is known`);
    t.equal(`-ERR ${unknownText(view)}\r\n`, (replies[i] as Reply).text, JSON.stringify(request.map(String)).slice(0, 60));
  });
});

t.test('wrong arity: the verdict and the text for every command', { skip }, async (t) => {
  const cases = COMMAND_ROWS.filter(isGenerated).flatMap((row) => {
    const name = row.name.split('|');
    const counts = Array.from({ length: Math.abs(row.arity) + 3 }, (_, argc) => argc).filter(
      (argc) => argc >= name.length && !arityOk(row, argc),
    );
    return counts.map((argc) => ({ row, request: [...name, ...Array.from({ length: argc - name.length }, () => '1')] }));
  });
  // A container with an argument is another command or none. EXEC reports every error of its own as EXECABORT; keyfan refuses it.
  const requests = cases.filter(({ row, request }) => commandOf(viewOf(...request)) === row && row.name !== 'exec');
  t.ok(requests.length > 400);
  const replies = await ask(requests.map(({ request }) => request));
  requests.forEach(({ row, request }, i) => {
    const text = (replies[i] as Reply).text;
    if (text !== `-ERR ${arityText(row)}\r\n`) t.equal(`-ERR ${arityText(row)}\r\n`, text, request.join(' '));
  });
});
