import { integerReply, OK, verbatimReply } from '../../protocol/encode.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import { FanOut } from '../fan-out.ts';
import type { Session } from '../session.ts';
import { type Answer, LATER, type LocalContext, refused, SYNTAX } from './answer.ts';
import { addressOf, CLIENT_TYPES, clientLine, localAddressOf, typeOf } from './client-line.ts';

const INTEGER = /^-?\d{1,18}$/;
const NO_ORDER = new Uint16Array(0);

type Test = (session: Session) => boolean;

function unknownType(type: string): Answer {
  return refused(`Unknown client type '${type}'`);
}

/** CLIENT LIST [TYPE type | ID id …] */
export function list(session: Session, view: RequestView, context: LocalContext): Answer {
  const option = view.argc === 2 ? '' : argText(view, 2).toLowerCase();
  let wanted: Test = () => true;
  if (option === 'type' && view.argc === 4) {
    const type = argText(view, 3).toLowerCase();
    if (!CLIENT_TYPES.has(type)) return unknownType(argText(view, 3));
    wanted = (each) => typeOf(each) === type;
  } else if (option === 'id' && view.argc > 3) {
    const ids = Array.from({ length: view.argc - 3 }, (_, i) => argText(view, i + 3));
    if (!ids.every((id) => INTEGER.test(id) && Number(id) > 0)) return refused('Invalid client ID');
    wanted = (each) => ids.map(Number).includes(each.id);
  } else if (view.argc > 2) {
    return SYNTAX;
  }
  const lines = [...context.sessions()].filter(wanted).map((each) => `${clientLine(each)}\n`);
  return verbatimReply(lines.join(''), session.lanes.identity.protocol);
}

/** Filters of CLIENT KILL; each makes of its value a test, or an error. */
const KILL_FILTERS: Readonly<Record<string, (value: string, context: LocalContext) => Test | Answer>> = {
  id: (value) =>
    INTEGER.test(value) && Number(value) > 0 ? ({ id }) => id === Number(value) : refused('client-id should be greater than 0'),
  type: (value) => (CLIENT_TYPES.has(value.toLowerCase()) ? (each) => typeOf(each) === value.toLowerCase() : unknownType(value)),
  addr: (value) => (each) => addressOf(each) === value,
  laddr: (value) => (each) => localAddressOf(each) === value,
  user: (value, { credentials }) =>
    value === 'default' || value === credentials?.username ? ({ user }) => user === value : refused(`No such user '${value}'`),
  maxage: (value) =>
    INTEGER.test(value) && Number(value) > 0
      ? ({ connectedAt }) => Date.now() - connectedAt >= Number(value) * 1000
      : refused('maxage is not an integer or out of range'),
};

/** CLIENT KILL addr:port | CLIENT KILL filter value [filter value …] */
export function kill(session: Session, view: RequestView, context: LocalContext): Answer {
  if (view.argc === 3) {
    const address = argText(view, 2);
    const victim = [...context.sessions()].find((each) => addressOf(each) === address);
    if (victim === undefined) return refused('No such client');
    end(victim, session);
    return OK;
  }
  let skipMe = true;
  const tests: Test[] = [];
  for (let i = 2; i < view.argc; i += 2) {
    const option = argText(view, i).toLowerCase();
    if (i + 1 >= view.argc) return SYNTAX;
    const value = argText(view, i + 1);
    if (option === 'skipme') {
      if (!/^(yes|no)$/i.test(value)) return SYNTAX;
      skipMe = value.toLowerCase() === 'yes';
      continue;
    }
    const made = Object.hasOwn(KILL_FILTERS, option) ? KILL_FILTERS[option]?.(value, context) : undefined;
    if (made === undefined) return SYNTAX;
    if (typeof made !== 'function') return made;
    tests.push(made);
  }
  const victims = [...context.sessions()].filter((each) => (each !== session || !skipMe) && tests.every((test) => test(each)));
  for (const victim of victims) end(victim, session);
  return integerReply(victims.length);
}

/** Who kills itself still reads the answer. */
function end(victim: Session, by: Session): void {
  if (victim === by) queueMicrotask(() => victim.close());
  else victim.destroy('killed');
}

/** CLIENT UNBLOCK id [TIMEOUT | ERROR]: said to the node on the connection where the client waits. */
export function unblock(session: Session, view: RequestView, context: LocalContext): Answer | typeof LATER {
  const reason = view.argc > 3 ? argText(view, 3).toLowerCase() : 'timeout';
  if (reason !== 'timeout' && reason !== 'error') return refused('CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  if (!INTEGER.test(argText(view, 2))) return refused('value is not an integer or out of range');
  const id = Number(argText(view, 2));
  const waiting = [...context.sessions()].find((each) => each.id === id)?.blocked ?? [];
  const connections = waiting.filter(({ connection }) => connection !== null && connection.clientId > 0);
  if (connections.length === 0) return integerReply(0);
  const names = connections.map(({ node }) => node);
  const fanOut = new FanOut(session, session.open(), 'max', true, names, NO_ORDER);
  connections.forEach(({ index, connection }, i) => {
    const request = encodeRequest(['CLIENT', 'UNBLOCK', String(connection?.clientId), reason]);
    session.lanes.shared[index]?.send(request, 0, request.length, fanOut, i, true);
  });
  return LATER;
}

/** CLIENT PAUSE ms [WRITE | ALL] */
export function pause(_session: Session, view: RequestView, context: LocalContext): Answer {
  const mode = view.argc > 3 ? argText(view, 3).toLowerCase() : 'all';
  if (mode !== 'all' && mode !== 'write') return refused('CLIENT PAUSE mode must be WRITE or ALL');
  const text = argText(view, 2);
  if (!INTEGER.test(text)) return refused('timeout is not an integer or out of range');
  if (Number(text) < 0) return refused('timeout is negative');
  context.attention.pauses.order({ until: Date.now() + Number(text), mode });
  return OK;
}

/** CLIENT REPLY ON | OFF | SKIP. There is nothing to skip where nothing is answered. */
export function reply(session: Session, view: RequestView): Answer | typeof LATER {
  const mode = argText(view, 2).toLowerCase();
  if (mode !== 'on' && mode !== 'off' && mode !== 'skip') return SYNTAX;
  if (mode === 'skip' && session.silent) return LATER;
  session.silent = mode === 'off';
  session.mute(mode);
  return mode === 'on' ? OK : LATER;
}
