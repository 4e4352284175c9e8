import { argLower } from '../../command/argument.ts';
import { arrayReply, bulkReply, integerReply, mapReply, simpleReply } from '../../protocol/encode.ts';
import { argBytes, argText, type RequestView } from '../../protocol/request.ts';
import { VERSION } from '../../util/version.ts';
import type { Session } from '../session.ts';
import { type Answer, type LocalCommand, refused } from './answer.ts';
import type { LocalContext } from './local-context.ts';

const HELP: readonly string[] = [
  'KEYFAN <subcommand> [<arg> ...]. Subcommands are:',
  'NODES',
  '    Return the nodes of this pool: name, address, state and requests in flight.',
  'ROUTE <key> [<key> ...]',
  '    Return the name of the node that has each key.',
  'VERSION',
  '    Return the version of keyfan.',
  'HELP',
  '    Print this help.',
];

type Subcommand = (session: Session, view: RequestView, context: LocalContext) => Answer;

/** Arity as Redis counts it, both words included. */
const SUBCOMMANDS: Readonly<Record<string, { readonly arity: number; readonly run: Subcommand }>> = {
  nodes: { arity: 2, run: nodes },
  route: { arity: -3, run: route },
  version: { arity: 2, run: () => bulkReply(VERSION) },
  help: { arity: 2, run: () => arrayReply(HELP.map(simpleReply)) },
};

function nodes({ lanes }: Session, _view: RequestView, context: LocalContext): Answer {
  return arrayReply(
    context.nodes().map(({ name, address, state, inFlight }) => {
      const fields = ['name', name, 'address', address, 'state', state].map((text) => bulkReply(text));
      return mapReply([...fields, bulkReply('in_flight'), integerReply(inFlight)], lanes.identity.protocol);
    }),
  );
}

/** Where any node serves every key, all names with commas between, as `keyfan route` tells. */
function route(_session: Session, view: RequestView, context: LocalContext): Answer {
  const keys = Array.from({ length: view.argc - 2 }, (_, i) => argBytes(view, i + 2));
  return arrayReply(keys.map((key) => bulkReply(context.nodeOf(key))));
}

/** KEYFAN: about the pool itself. Not a command of Redis. */
export const keyfan: LocalCommand = (session, view, _row, context) => {
  const name = argLower(view, 1);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) return refused(`unknown subcommand '${argText(view, 1).slice(0, 128)}'. Try KEYFAN HELP.`);
  const { arity, run } = subcommand;
  if (arity >= 0 ? view.argc !== arity : view.argc < -arity)
    return { code: 'wrong_arity', detail: `wrong number of arguments for 'keyfan|${name}' command` };
  return run(session, view, context);
};
