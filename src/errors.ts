/**
 * Every error keyfan itself can answer, in one table. A client sees `text` behind a `-`; it starts with a word that
 * clients match on and says whether the command ran. Texts hold no CR, LF or secret: variable parts pass `oneLine`.
 */
export type Fault = 'client' | 'proxy' | 'node';

/** What is known about the command when the error is answered. */
export type Executed = 'no' | 'unknown' | 'partly';

export interface ErrorRow {
  readonly fault: Fault;
  readonly executed: Executed;
  /** True where sending the same command again cannot execute it twice. */
  readonly retryable: boolean;
  /** The reply without `-` and CRLF; `%s` is replaced by the detail. */
  readonly text: string;
}

const row = (fault: Fault, executed: Executed, retryable: boolean, text: string): ErrorRow => ({ fault, executed, retryable, text });

export const ERRORS = {
  protocol: row('client', 'no', false, 'ERR Protocol error: %s'),
  unknown_command: row('client', 'no', false, 'ERR %s'),
  wrong_arity: row('client', 'no', false, 'ERR %s'),
  syntax: row('client', 'no', false, 'ERR syntax error'),
  refused: row('client', 'no', false, 'ERR %s'),
  cross_slot: row('client', 'no', false, "CROSSSLOT Keys in request don't hash to the same slot"),
  exec_abort: row('client', 'no', false, 'EXECABORT Transaction discarded because of previous errors.'),
  exec_invalid: row('client', 'no', false, 'EXECABORT Transaction discarded because of: %s'),
  no_auth: row('client', 'no', false, 'NOAUTH Authentication required.'),
  no_auth_hello: row(
    'client',
    'no',
    false,
    'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
  ),
  wrong_password: row('client', 'no', false, 'WRONGPASS invalid username-password pair or user is disabled.'),
  no_proto: row('client', 'no', false, 'NOPROTO unsupported protocol version'),
  max_clients: row('proxy', 'no', true, 'ERR max number of clients reached'),
  node_down: row('node', 'no', true, 'ERR keyfan: node %s is down; the command was not executed'),
  queue_full: row('proxy', 'no', true, 'ERR keyfan: the queue to node %s is full; the command was not executed'),
  not_sent: row('node', 'no', true, 'ERR keyfan: connection to node %s failed before the command was sent; it was not executed'),
  connection_lost: row('node', 'unknown', false, 'ERR keyfan: connection to node %s was lost; the command may have been executed'),
  timeout: row('node', 'unknown', false, 'ERR keyfan: node %s did not answer in time; the command may have been executed'),
  bad_reply: row('node', 'unknown', false, 'ERR keyfan: node %s sent a malformed reply; the command may have been executed'),
  partly_executed: row('node', 'partly', false, 'ERR keyfan: the command was partly executed: %s'),
  worker_silent: row('proxy', 'unknown', false, 'ERR keyfan: %s did not answer in time; the command may have been executed'),
  no_nodes: row('node', 'no', true, 'ERR keyfan: no node of this pool is in service; the command was not executed'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** Dense index of a code, for typed-array counters. */
export const ERROR_INDEX: Readonly<Record<ErrorCode, number>> = Object.freeze(
  Object.assign(Object.create(null), Object.fromEntries(ERROR_CODES.map((code, index) => [code, index]))),
);

/** Makes a text safe inside a one-line reply as Redis does: line breaks become spaces. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** The error as its RESP text without `-` and CRLF. */
export function errorText(code: ErrorCode, detail = ''): string {
  return ERRORS[code].text.replace('%s', () => oneLine(detail));
}
