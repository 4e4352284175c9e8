import { createHash, timingSafeEqual } from 'node:crypto';
import { argInt64, argLower } from '../../command/argument.ts';
import { REDIS_VERSION } from '../../command/generated/commands.ts';
import { arrayReply, bulkReply, integerReply, mapReply, OK } from '../../protocol/encode.ts';
import { argBytes, argText, type RequestView } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import { type Answer, type LocalCommand, nameClient, parked, refused, TOO_MANY_DATABASES } from './answer.ts';
import type { LocalContext } from './local-context.ts';

const NO_PASSWORD_CONFIGURED =
  'AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
const HELLO_NEEDS_AUTH: Answer = {
  code: 'no_auth_hello',
};

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Equal without telling by its duration where two secrets begin to differ. */
function sameSecret(given: Buffer, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(Buffer.from(expected)));
}

/** Null where the client is who it says. */
function authenticate(session: Session, username: Buffer, password: Buffer, context: LocalContext): Answer | null {
  const { credentials } = context;
  const user = username.toString();
  if (credentials === null) {
    // As a Redis whose only user is `default` without a password: any password is right for it.
    return user === 'default' ? null : { code: 'wrong_password' };
  }
  const rightUser = sameSecret(username, credentials.username);
  if (!sameSecret(password, credentials.password) || !rightUser) return { code: 'wrong_password' };
  session.authenticated = true;
  session.user = user;
  return null;
}

export const auth: LocalCommand = (session, view, _row, context) => {
  if (view.argc > 3) return { code: 'syntax' };
  if (view.argc === 2) {
    if (context.credentials === null) return refused(NO_PASSWORD_CONFIGURED);
    // AUTH <password> means the pool's one user.
    return authenticate(session, Buffer.from(context.credentials.username), argBytes(view, 1), context) ?? OK;
  }
  return authenticate(session, argBytes(view, 1), argBytes(view, 2), context) ?? OK;
};

/** An option of HELLO with the values behind it, the first of which is argument `i`. Null where it came into force. */
interface HelloOption {
  readonly values: number;
  readonly apply: (session: Session, view: RequestView, i: number, context: LocalContext) => Answer | null;
}

const HELLO_OPTIONS: ReadonlyMap<string, HelloOption> = new Map<string, HelloOption>([
  ['auth', { values: 2, apply: (session, view, i, context) => authenticate(session, argBytes(view, i), argBytes(view, i + 1), context) }],
  ['setname', { values: 1, apply: (session, view, i) => nameClient(session, argText(view, i)) }],
]);

/** As in Redis 7.0 each option comes into force before the next is read, and stays so where that is wrong. */
function applyOptions(session: Session, view: RequestView, context: LocalContext): Answer | null {
  for (let i = 2; i < view.argc; i++) {
    const option = HELLO_OPTIONS.get(argLower(view, i));
    if (option === undefined || i + option.values >= view.argc) return refused(`Syntax error in HELLO option '${argText(view, i)}'`);
    const wrong = option.apply(session, view, i + 1, context);
    if (wrong !== null) return wrong;
    i += option.values;
  }
  return null;
}

/** HELLO [protover [AUTH username password] [SETNAME clientname]] in the order of Redis' own checks. */
export const hello: LocalCommand = (session, view, _row, context) => {
  let { protocol } = session.lanes.identity;
  if (view.argc > 1) {
    const version = argInt64(view, 1);
    if (Number.isNaN(version)) return refused('Protocol version is not an integer or out of range');
    if (version !== 2 && version !== 3) return { code: 'no_proto' };
    protocol = version;
  }
  const wrong = applyOptions(session, view, context);
  if (wrong !== null) return wrong;
  if (!session.authenticated) return HELLO_NEEDS_AUTH;
  if (protocol !== session.lanes.identity.protocol) {
    if (session.bound !== null) return refused(`keyfan: another protocol is not supported ${session.bound}`);
    if (session.inFlight > 0) return parked(session);
    if (!session.lanes.enter({ ...session.lanes.identity, protocol })) return TOO_MANY_DATABASES;
    session.subscriptions?.refreshMode();
  }
  return greeting(session);
};

/** keyfan stands for a single Redis of the version its command table was made from. */
function greeting(session: Session): Buffer {
  const { protocol } = session.lanes.identity;
  const fields = [
    bulkReply('server'),
    bulkReply('redis'),
    bulkReply('version'),
    bulkReply(REDIS_VERSION),
    bulkReply('proto'),
    integerReply(protocol),
    bulkReply('id'),
    integerReply(session.id),
    bulkReply('mode'),
    bulkReply('standalone'),
    bulkReply('role'),
    bulkReply('master'),
    bulkReply('modules'),
    arrayReply([]),
  ];
  return mapReply(fields, protocol);
}
