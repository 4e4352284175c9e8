import { unknownText } from '../../command/texts.ts';
import { arrayReply, bulkReply, integerReply, nullReply, OK, simpleReply, verbatimReply } from '../../protocol/encode.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import { clock } from '../../util/clock.ts';
import type { Session } from '../session.ts';
import { type Answer, isPlainName, type LocalCommand, refused } from './answer.ts';

const SYNTAX: Answer = { code: 'syntax' };

const HELP: readonly string[] = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
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
  const value = argText(view, 2).toLowerCase();
  return value === 'on' || value === 'off' ? OK : SYNTAX;
}

function setName(session: Session, view: RequestView): Answer {
  const name = argText(view, 2);
  if (!isPlainName(name)) return refused('Client names cannot contain spaces, newlines or special characters.');
  session.name = name;
  return OK;
}

function setInfo(session: Session, view: RequestView): Answer {
  const option = argText(view, 2).toLowerCase();
  const value = argText(view, 3);
  if (option !== 'lib-name' && option !== 'lib-ver') return refused(`Unrecognized option '${argText(view, 2)}'`);
  if (!isPlainName(value)) return refused(`${option} cannot contain spaces, newlines or special characters.`);
  if (option === 'lib-name') session.libName = value;
  else session.libVersion = value;
  return OK;
}

/** The fields of Redis' CLIENT INFO that mean something here. */
function info(session: Session): Answer {
  const { socket } = session;
  const { protocol, database } = session.lanes.identity;
  const fields = {
    id: session.id,
    addr: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`,
    laddr: `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`,
    name: session.name,
    age: Math.floor((Date.now() - session.connectedAt) / 1000),
    idle: Math.floor((clock.now - session.lastReadAt) / 1000),
    flags: 'N',
    db: database,
    sub: session.subscriptions?.count('channel') ?? 0,
    ssub: session.subscriptions?.count('shard') ?? 0,
    multi: -1,
    qbuf: session.queryBytes,
    omem: session.unsentBytes,
    cmd: session.lastCommand?.name ?? 'NULL',
    user: session.user,
    resp: protocol,
    'lib-name': session.libName,
    'lib-ver': session.libVersion,
  };
  const line = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
  return verbatimReply(`${line.join(' ')}\n`, protocol);
}

const SUBCOMMANDS: ReadonlyMap<string, (session: Session, view: RequestView) => Answer> = new Map([
  ['client|getname', (session) => (session.name === '' ? nullReply(session.lanes.identity.protocol) : bulkReply(session.name))],
  ['client|setname', setName],
  ['client|setinfo', setInfo],
  ['client|id', (session) => integerReply(session.id)],
  ['client|info', info],
  ['client|no-evict', onOff],
  ['client|no-touch', onOff],
  ['client|capa', () => OK],
  ['client|help', () => arrayReply(HELP.map(simpleReply))],
]);

export const client: LocalCommand = (session, view, row) => {
  const subcommand = SUBCOMMANDS.get(row.name);
  return subcommand === undefined ? { code: 'unknown_command', detail: unknownText(view) } : subcommand(session, view);
};
