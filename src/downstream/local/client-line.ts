import { clock } from '../../util/clock.ts';
import type { Session } from '../session.ts';

/** Redis' words for kinds of clients; keyfan serves the first two. */
export const CLIENT_TYPES: ReadonlySet<string> = new Set(['normal', 'pubsub', 'master', 'replica', 'slave']);

export function typeOf(session: Session): 'normal' | 'pubsub' {
  return session.subscriptions === null || session.subscriptions.isEmpty ? 'normal' : 'pubsub';
}

export function addressOf({ socket }: Session): string {
  return `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
}

export function localAddressOf({ socket }: Session): string {
  return `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
}

/** Redis' letters. */
function flagsOf(session: Session, queueing: boolean): string {
  const flags = [
    ['O', session.monitoring],
    ['P', typeOf(session) === 'pubsub'],
    ['x', queueing],
    ['b', session.blocked !== null],
    ['t', session.tracking !== null],
    ['B', session.tracking?.options.includes('bcast') === true],
  ] as const;
  return flags.map(([letter, set]) => (set ? letter : '')).join('') || 'N';
}

/** A line of CLIENT LIST: the fields of Redis 7, as clients want each of them to be there; what there is nothing to say of is 0 or -1. */
export function clientLine(session: Session): string {
  const { protocol, database } = session.lanes.identity;
  const { subscriptions } = session;
  const queued = session.transaction?.queued ?? -1;
  const tracking = session.tracking !== null;
  const fields = {
    id: session.id,
    addr: addressOf(session),
    laddr: localAddressOf(session),
    fd: -1,
    name: session.name,
    age: Math.floor((Date.now() - session.connectedAt) / 1000),
    idle: Math.floor((clock.now - session.lastReadAt) / 1000),
    flags: flagsOf(session, queued >= 0),
    db: database,
    sub: subscriptions?.size('channel') ?? 0,
    psub: subscriptions?.size('pattern') ?? 0,
    ssub: subscriptions?.size('shard') ?? 0,
    multi: queued,
    qbuf: session.queryBytes,
    'qbuf-free': 0,
    'argv-mem': 0,
    'multi-mem': 0,
    rbs: 0,
    rbp: 0,
    obl: 0,
    oll: 0,
    omem: session.unsentBytes,
    'tot-mem': session.queryBytes + session.unsentBytes,
    events: 'r',
    cmd: session.lastCommand?.name ?? 'NULL',
    user: session.user,
    redir: tracking ? 0 : -1,
    resp: protocol,
    'lib-name': session.libName,
    'lib-ver': session.libVersion,
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
