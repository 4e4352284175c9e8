import { argLower } from '../../command/argument.ts';
import { unknownText } from '../../command/texts.ts';
import { arrayReply, bulkReply, integerReply, nullReply, OK, simpleReply, verbatimReply } from '../../protocol/encode.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import { type Answer, isPlainName, type LATER, type LocalCommand, nameClient, refused, SYNTAX } from './answer.ts';
import { caching } from './client-caching.ts';
import { clientLine } from './client-line.ts';
import { kill, list, pause, reply, unblock } from './client-others.ts';
import { tracking, trackingInfo } from './client-tracking.ts';
import type { LocalContext } from './local-context.ts';

const HELP: readonly string[] = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CACHING (YES|NO)',
  '    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.',
  'CAPA <option> [options...]',
  '    Accepted; keyfan sends no client elsewhere.',
  'GETREDIR',
  '    Return the client ID we are redirecting to when tracking is enabled.',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'KILL <option> ...',
  '    Kill connection(s): <addr:port>, or ID, ADDR, LADDR, TYPE, USER, MAXAGE, SKIPME with their values.',
  'LIST [options ...]',
  '    Return information about client connections: TYPE (NORMAL|PUBSUB), ID <id> ...',
  'PAUSE <timeout> [WRITE|ALL]',
  '    Suspend all, or just write, clients for <timeout> milliseconds.',
  'REPLY (ON|OFF|SKIP)',
  '    Control the replies sent to the current connection.',
  'UNBLOCK <clientid> [TIMEOUT|ERROR]',
  '    Unblock the specified blocked client.',
  'UNPAUSE',
  '    Stop the current client pause, resuming traffic.',
  'TRACKING (ON|OFF) [BCAST] [PREFIX <prefix> [...]]',
  '         [OPTIN] [OPTOUT] [NOLOOP]',
  '    Control server assisted client side caching.',
  'TRACKINGINFO',
  '    Report tracking status for the current connection.',
  'NO-EVICT (ON|OFF)',
  '    Accepted; keyfan evicts no clients to free memory.',
  'NO-TOUCH (ON|OFF)',
  '    Accepted; commands touch their keys all the same.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'SETINFO <option> <value>',
  '    Set the LIB-NAME or LIB-VER of the current connection.',
  'HELP',
  '    Print this help.',
];

/** A switch that has no meaning for keyfan's clients; its argument is checked all the same. */
function onOff(_session: Session, view: RequestView): Answer {
  const value = argLower(view, 2);
  return value === 'on' || value === 'off' ? OK : SYNTAX;
}

function setInfo(session: Session, view: RequestView): Answer {
  const option = argLower(view, 2);
  const value = argText(view, 3);
  if (option !== 'lib-name' && option !== 'lib-ver') return refused(`Unrecognized option '${argText(view, 2)}'`);
  if (!isPlainName(value)) return refused(`${option} cannot contain spaces, newlines or special characters.`);
  if (option === 'lib-name') session.libName = value;
  else session.libVersion = value;
  return OK;
}

function info(session: Session): Answer {
  return verbatimReply(`${clientLine(session)}\n`, session.lanes.identity.protocol);
}

type Subcommand = (session: Session, view: RequestView, context: LocalContext) => Answer | typeof LATER;

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ['client|getname', (session) => (session.name === '' ? nullReply(session.lanes.identity.protocol) : bulkReply(session.name))],
  ['client|setname', (session, view) => nameClient(session, argText(view, 2)) ?? OK],
  ['client|setinfo', setInfo],
  ['client|id', (session) => integerReply(session.id)],
  ['client|info', info],
  ['client|list', list],
  ['client|kill', kill],
  ['client|unblock', unblock],
  ['client|pause', pause],
  [
    'client|unpause',
    (_session, _view, context) => {
      context.attention.pauses.order(null);
      return OK;
    },
  ],
  ['client|reply', reply],
  ['client|getredir', (session) => integerReply(session.tracking === null ? -1 : 0)],
  ['client|tracking', tracking],
  ['client|caching', caching],
  ['client|trackinginfo', trackingInfo],
  ['client|no-evict', onOff],
  ['client|no-touch', onOff],
  ['client|capa', () => OK],
  ['client|help', () => arrayReply(HELP.map(simpleReply))],
]);

export const client: LocalCommand = (session, view, row, context) => {
  const subcommand = SUBCOMMANDS.get(row.name);
  return subcommand === undefined ? { code: 'unknown_command', detail: unknownText(view) } : subcommand(session, view, context);
};
