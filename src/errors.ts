/**
 * Every error with which keyfan itself answers a request, in one table (what COMMAND says of the arguments it is given stands there). A client sees `text` behind a `-`; it starts with a word that
 * clients match on and says whether the command ran. Texts hold no CR, LF or secret: variable parts pass `oneLine`.
 */

/** What is known about the command when the error is answered. */
export type Executed = 'no' | 'unknown' | 'partly';

export interface ErrorRow {
  readonly executed: Executed;
  /** The reply without `-` and CRLF; `%s` is replaced by the detail. */
  readonly text: string;
  /** The detail is the name of a node, as in the configuration; else it is a wire text. */
  readonly ofNode: boolean;
}

const row = (executed: Executed, text: string): ErrorRow => ({ executed, text, ofNode: false });
const nodeRow = (executed: Executed, text: string): ErrorRow => ({ executed, text, ofNode: true });

export const ERRORS = {
  protocol: row('no', 'ERR Protocol error: %s'),
  unknown_command: row('no', 'ERR %s'),
  wrong_arity: row('no', 'ERR %s'),
  syntax: row('no', 'ERR syntax error'),
  refused: row('no', 'ERR %s'),
  cross_slot: row('no', "CROSSSLOT Keys in request don't hash to the same slot"),
  exec_abort: row('no', 'EXECABORT Transaction discarded because of previous errors.'),
  exec_invalid: row('no', 'EXECABORT Transaction discarded because of: %s'),
  no_auth: row('no', 'NOAUTH Authentication required.'),
  no_auth_hello: row(
    'no',
    'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
  ),
  wrong_password: row('no', 'WRONGPASS invalid username-password pair or user is disabled.'),
  no_proto: row('no', 'NOPROTO unsupported protocol version'),
  max_clients: row('no', 'ERR max number of clients reached'),
  no_memory: row('no', 'ERR keyfan: too much is held for clients (buffers), no further ones are taken for now'),
  node_down: nodeRow('no', 'ERR keyfan: node %s is down; the command was not executed'),
  queue_full: nodeRow('no', 'ERR keyfan: the queue to node %s is full; the command was not executed'),
  not_sent: nodeRow('no', 'ERR keyfan: connection to node %s failed before the command was sent; it was not executed'),
  connection_lost: nodeRow('unknown', 'ERR keyfan: connection to node %s was lost; the command may have been executed'),
  timeout: nodeRow('unknown', 'ERR keyfan: node %s did not answer in time; the command may have been executed'),
  bad_reply: nodeRow('unknown', 'ERR keyfan: node %s sent a malformed reply; the command may have been executed'),
  partly_executed: row('partly', 'ERR keyfan: the command was partly executed: %s'),
  worker_silent: row('unknown', 'ERR keyfan: %s did not answer in time; the command may have been executed'),
  no_nodes: row('no', 'ERR keyfan: no node of this pool is in service; the command was not executed'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** Dense index of a code, for typed-array counters. */
export const ERROR_INDEX: Readonly<Record<ErrorCode, number>> = Object.freeze(
  Object.assign(Object.create(null), Object.fromEntries(ERROR_CODES.map((code, index) => [code, index]))),
);

/** The bytes of a text in UTF-8, a character a byte: what replies of one line are made of, since they quote what may be anything. */
export function wireText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Makes a wire text safe inside a one-line reply as Redis does: line breaks become spaces. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** The error as its RESP text without `-` and CRLF, a wire text. */
export function errorText(code: ErrorCode, detail = ''): string {
  const { text, ofNode } = ERRORS[code];
  return text.replace('%s', () => oneLine(ofNode ? wireText(detail) : detail));
}
