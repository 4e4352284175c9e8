import { arrayReply, bulkReply, errorReply, integerReply, type Protocol } from '../protocol/encode.ts';
import { argBytes, type RequestView } from '../protocol/request.ts';
import { argIs, argLower } from './argument.ts';
import { CATALOG, commandNamed } from './catalog.ts';
import type { Command, Tree } from './data.ts';
import { COMMAND_HELP, DOCS } from './generated/docs.ts';
import { globMatches } from './glob.ts';
import { keyFlags } from './key-flags.ts';
import { keySpecOf } from './key-spec.ts';
import { collectKeys, KeyList } from './keys.ts';
import { NEWER_DOCS } from './newer.ts';
import { listText, mapText, nilText, setText, statusListText, statusSetText, treeText } from './reply-tree.ts';
import { arityOk, commandOf } from './table.ts';
import { arityText, unknownText } from './texts.ts';

const SYNTAX_ERROR = errorReply('ERR syntax error');

type Answer = (view: RequestView, protocol: Protocol) => Buffer;

/** By name of the row. */
const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['command', (_view, protocol) => wholeInfo(protocol)],
  ['command|count', () => integerReply(CATALOG.length)],
  ['command|info', info],
  ['command|docs', docs],
  ['command|list', list],
  ['command|getkeys', (view, protocol) => keysReply(view, protocol, false)],
  ['command|getkeysandflags', (view, protocol) => keysReply(view, protocol, true)],
  ['command|help', () => Buffer.from(statusListText(COMMAND_HELP))],
]);

/** Answers COMMAND and its subcommands from the table, as a complete reply; errors in Redis' words. */
export function describeCommand(view: RequestView, protocol: Protocol): Buffer {
  const row = commandOf(view);
  if (row === null) return errorReply(`ERR ${unknownText(view)}`);
  if (!arityOk(row, view.argc)) return errorReply(`ERR ${arityText(row)}`);
  const answer = ANSWERS.get(row.name);
  return answer === undefined ? errorReply(`ERR ${unknownText(view)}`) : answer(view, protocol);
}

/** Makes the reply once: the table never changes, and clients ask for all of it when they connect. */
function once(make: (protocol: Protocol) => string): (protocol: Protocol) => Buffer {
  const made: Partial<Record<Protocol, Buffer>> = {};
  return (protocol) => {
    made[protocol] ??= Buffer.from(make(protocol));
    return made[protocol];
  };
}

const wholeInfo = once((protocol) => listText(CATALOG.map((command) => infoText(command, protocol))));

const wholeDocs = once((protocol) => docsOf(CATALOG, protocol));

function info(view: RequestView, protocol: Protocol): Buffer {
  if (view.argc === 2) return wholeInfo(protocol);
  const texts = namesFrom(view, 2).map((command) => (command === undefined ? nilText(protocol) : infoText(command, protocol)));
  return Buffer.from(listText(texts));
}

function infoText(command: Command, protocol: Protocol): string {
  const trees = (list: readonly unknown[]): string[] => (list as readonly Tree[]).map((each) => treeText(each, protocol));
  return listText([
    ...trees([command.name, command.arity]),
    statusSetText(command.flags, protocol),
    ...trees(command.range),
    statusSetText(
      command.acl.map((category) => `@${category}`),
      protocol,
    ),
    setText(trees(command.tips), protocol),
    setText(trees(command.specs), protocol),
    // As Redis: none are an empty set, some are an array.
    command.subcommands.length === 0 ? setText([], protocol) : listText(command.subcommands.map((sub) => infoText(sub, protocol))),
  ]);
}

function docs(view: RequestView, protocol: Protocol): Buffer {
  if (view.argc === 2) return wholeDocs(protocol);
  const known = namesFrom(view, 2).filter((command) => command !== undefined);
  return Buffer.from(docsOf(known, protocol));
}

function docsOf(commands: readonly Command[], protocol: Protocol): string {
  return mapText(
    commands.map((command) => [treeText(command.name, protocol), treeText(docOf(command), protocol)]),
    protocol,
  );
}

/** A generated subcommand is documented within its container; a newer one is added to it. */
function docOf(command: Command): Tree {
  const newer = NEWER_DOCS.get(command.name);
  if (newer !== undefined) return newer;
  const container = command.name.split('|', 1)[0] as string;
  if (container !== command.name) return member(member(DOCS[container], 'subcommands'), command.name);
  const doc = DOCS[command.name] as { readonly [key: string]: Tree };
  const added = command.subcommands.filter((sub) => NEWER_DOCS.has(sub.name)).map((sub) => [sub.name, docOf(sub)]);
  if (added.length === 0) return doc;
  return { ...doc, subcommands: { ...(doc.subcommands as { readonly [key: string]: Tree }), ...Object.fromEntries(added) } };
}

function member(tree: Tree | undefined, key: string): Tree {
  return (tree as { readonly [key: string]: Tree })[key] as Tree;
}

/** Commands named by the arguments from `first`. */
function namesFrom(view: RequestView, first: number): (Command | undefined)[] {
  return Array.from({ length: view.argc - first }, (_, i) => commandNamed(argLower(view, first + i)));
}

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN glob]. No module adds commands here. */
const FILTERS: ReadonlyMap<string, (command: Command, value: string) => boolean> = new Map<string, (c: Command, v: string) => boolean>([
  ['module', () => false],
  ['aclcat', (command, value) => command.acl.includes(value)],
  ['pattern', (command, value) => globMatches(value, command.name)],
]);

function namesText(commands: readonly Command[]): string {
  return listText(commands.map(({ name }) => treeText(name, 2)));
}

function list(view: RequestView): Buffer {
  const commands = CATALOG.flatMap((command) => [command, ...command.subcommands]);
  if (view.argc === 2) return Buffer.from(namesText(commands));
  if (view.argc !== 5 || !argIs(view, 2, 'filterby')) return SYNTAX_ERROR;
  const filter = FILTERS.get(argLower(view, 3));
  if (filter === undefined) return SYNTAX_ERROR;
  const value = argLower(view, 4);
  return Buffer.from(namesText(commands.filter((command) => filter(command, value))));
}

function keysReply(view: RequestView, protocol: Protocol, withFlags: boolean): Buffer {
  const inner: RequestView = {
    buf: view.buf,
    base: view.base,
    limit: view.limit,
    argc: view.argc - 2,
    args: view.args.subarray(4),
    hash: -1,
  };
  const row = commandOf(inner);
  if (row === null) return errorReply('ERR Invalid command specified');
  const command = commandNamed(row.name) as Command;
  if (keySpecOf(command).kind === 'none') return errorReply('ERR The command has no key arguments');
  if (!arityOk(row, inner.argc)) return errorReply('ERR Invalid number of arguments specified for command');
  const keys = new KeyList();
  const missing = collectKeys(row, inner, keys) < 0 || lacksKeys(command, inner.argc);
  if (missing && !command.flags.includes('no_mandatory_keys')) return errorReply('ERR Invalid arguments specified for command');
  return arrayReply(
    Array.from(keys.at.subarray(0, keys.count), (index) => {
      const key = bulkReply(argBytes(inner, index));
      return withFlags ? arrayReply([key, Buffer.from(statusSetText(keyFlags(command, inner, index), protocol))]) : key;
    }),
  );
}

/**
 * True where a range of keys would begin behind the last argument. PFMERGE with a destination only runs, and is routed by that; but Redis
 * looks for keys range by range, and calls the request invalid where one holds none.
 */
function lacksKeys({ specs }: Command, argc: number): boolean {
  return specs.some(
    ({ begin_search: begin, find_keys: find }) => begin.type === 'index' && find.type === 'range' && begin.spec.index >= argc,
  );
}
