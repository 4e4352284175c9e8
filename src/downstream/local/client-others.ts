import { argInt64, argLower } from '../../command/argument.ts';
import { subcommandText } from '../../command/texts.ts';
import { integerReply, OK, verbatimReply } from '../../protocol/encode.ts';
import { argText, type RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import { type Answer, LATER, refused, SYNTAX } from './answer.ts';
import { countOf, gather } from './client-gather.ts';
import { CLIENT_TYPES } from './client-line.ts';
import type { Filter, Finding } from './client-question.ts';
import type { LocalContext } from './local-context.ts';

/** Redis' table sets no upper bound for these subcommands: they count their arguments themselves, before they look at any. */
function tooMany(view: RequestView): Answer {
  return { code: 'wrong_arity', detail: subcommandText(view) };
}

function unknownType(type: string): Answer {
  return refused(`Unknown client type '${type}'`);
}

/** CLIENT LIST [TYPE type | ID id …] */
export function list(session: Session, view: RequestView, context: LocalContext): Answer | typeof LATER {
  const option = view.argc === 2 ? '' : argLower(view, 2);
  const filter: Filter = {};
  if (option === 'type' && view.argc === 4) {
    filter.type = argLower(view, 3);
    if (!CLIENT_TYPES.has(filter.type)) return unknownType(argText(view, 3));
  } else if (option === 'id' && view.argc > 3) {
    const ids = Array.from({ length: view.argc - 3 }, (_, i) => argInt64(view, i + 3));
    if (ids.some(Number.isNaN)) return refused('Invalid client ID');
    filter.ids = new Set(ids);
  } else if (view.argc > 2) {
    return SYNTAX;
  }
  const { protocol } = session.lanes.identity;
  return gather(session, { what: 'list', filter }, context, (findings) => verbatimReply(textOf(findings), protocol));
}

/** The lines of all, sorted by id. */
function textOf(findings: readonly Finding[]): string {
  const lines: { readonly id: number; readonly line: string }[] = [];
  for (const finding of findings) {
    if ('ids' in finding) finding.ids.forEach((id, i) => void lines.push({ id, line: finding.lines[i] as string }));
  }
  lines.sort((a, b) => a.id - b.id);
  return lines.map(({ line }) => `${line}\n`).join('');
}

/** Filters of CLIENT KILL: each sets a field by argument `i`, or returns an error. As in Redis, the second of two equal filters counts. */
const KILL_FILTERS: Readonly<Record<string, (filter: Filter, view: RequestView, i: number, context: LocalContext) => Answer | undefined>> =
  {
    id: (filter, view, i) => {
      const id = argInt64(view, i);
      if (!(id > 0)) return refused('client-id should be greater than 0');
      filter.ids = new Set([id]);
      return undefined;
    },
    type: (filter, view, i) => {
      const type = argLower(view, i);
      if (!CLIENT_TYPES.has(type)) return unknownType(argText(view, i));
      filter.type = type;
      return undefined;
    },
    addr: (filter, view, i) => {
      filter.address = argText(view, i);
      return undefined;
    },
    laddr: (filter, view, i) => {
      filter.localAddress = argText(view, i);
      return undefined;
    },
    user: (filter, view, i, { credentials }) => {
      const user = argText(view, i);
      if (user !== 'default' && user !== credentials?.username) return refused(`No such user '${user}'`);
      filter.user = user;
      return undefined;
    },
    maxage: (filter, view, i) => {
      const seconds = argInt64(view, i);
      if (!(seconds > 0)) return refused('maxage is not an integer or out of range');
      filter.ageMs = seconds * 1000;
      return undefined;
    },
  };

/** CLIENT KILL addr:port | CLIENT KILL filter value [filter value …] */
export function kill(session: Session, view: RequestView, context: LocalContext): Answer | typeof LATER {
  if (view.argc === 3) {
    const filter = { address: argText(view, 2) };
    return gather(session, { what: 'kill', filter }, context, (findings) => (countOf(findings) === 0 ? refused('No such client') : OK));
  }
  let skipMe = true;
  const filter: Filter = {};
  for (let i = 2; i < view.argc; i += 2) {
    const option = argLower(view, i);
    if (i + 1 >= view.argc) return SYNTAX;
    if (option === 'skipme') {
      const value = argLower(view, i + 1);
      if (value !== 'yes' && value !== 'no') return SYNTAX;
      skipMe = value === 'yes';
      continue;
    }
    if (!Object.hasOwn(KILL_FILTERS, option)) return SYNTAX;
    const wrong = KILL_FILTERS[option]?.(filter, view, i + 1, context);
    if (wrong !== undefined) return wrong;
  }
  if (skipMe) filter.not = session.id;
  return gather(session, { what: 'kill', filter }, context, (findings) => integerReply(countOf(findings)));
}

/** CLIENT UNBLOCK id [TIMEOUT | ERROR]: said to the node on the connection where the client waits. */
export function unblock(session: Session, view: RequestView, context: LocalContext): Answer | typeof LATER {
  if (view.argc > 4) return tooMany(view);
  const reason = view.argc > 3 ? argLower(view, 3) : 'timeout';
  if (reason !== 'timeout' && reason !== 'error') return refused('CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  const id = argInt64(view, 2);
  if (Number.isNaN(id)) return refused('value is not an integer or out of range');
  const filter = { ids: new Set([id]) };
  // Where somebody is unblocked the node's own answer is told.
  return gather(session, { what: 'unblock', filter, reason }, context, () => integerReply(0));
}

/** CLIENT PAUSE ms [WRITE | ALL] */
export function pause(_session: Session, view: RequestView, context: LocalContext): Answer {
  if (view.argc > 4) return tooMany(view);
  const mode = view.argc > 3 ? argLower(view, 3) : 'all';
  if (mode !== 'all' && mode !== 'write') return refused('CLIENT PAUSE mode must be WRITE or ALL');
  const ms = argInt64(view, 2);
  if (Number.isNaN(ms)) return refused('timeout is not an integer or out of range');
  if (ms < 0) return refused('timeout is negative');
  context.attention.pauses.order({ until: Date.now() + ms, mode });
  return OK;
}

/** CLIENT REPLY ON | OFF | SKIP. There is nothing to skip where nothing is answered. */
export function reply(session: Session, view: RequestView): Answer | typeof LATER {
  const mode = argLower(view, 2);
  if (mode !== 'on' && mode !== 'off' && mode !== 'skip') return SYNTAX;
  if (mode === 'skip' && session.silent) return LATER;
  session.silent = mode === 'off';
  session.mute(mode);
  return mode === 'on' ? OK : LATER;
}
