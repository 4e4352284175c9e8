import { CR, LF, STAR, ZERO } from './bytes.ts';
import { digitsOf } from './header.ts';

/** Version of RESP: maps and sets are flat arrays in 2. */
export type Protocol = 2 | 3;

/** Replies made by keyfan itself, in RESP2 where nothing else is said. Cold paths; the hot path passes replies on as they came. */

/** `text` must be one line. Bytes are those of its UTF-16 units below 256 (latin1), as error texts quote raw input. */
export function simpleReply(text: string): Buffer {
  return Buffer.from(`+${text}\r\n`, 'latin1');
}

export function errorReply(text: string): Buffer {
  return Buffer.from(`-${text}\r\n`, 'latin1');
}

export function integerReply(value: number): Buffer {
  return Buffer.from(`:${value}\r\n`, 'latin1');
}

export function bulkReply(value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Writes `*count\r\n` to `buf[at…)` and returns the offset behind it. */
export function writeArrayHeader(buf: Buffer, at: number, count: number): number {
  const end = at + 1 + digitsOf(count);
  buf[at] = STAR;
  let left = count;
  for (let digit = end - 1; digit > at; digit--, left = Math.floor(left / 10)) buf[digit] = ZERO + (left % 10);
  buf[end] = CR;
  buf[end + 1] = LF;
  return end + 2;
}

export function arrayReply(elements: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`*${elements.length}\r\n`), ...elements]);
}

export const OK = simpleReply('OK');
export const PONG = simpleReply('PONG');
export const NULL_BULK = Buffer.from('$-1\r\n');

/** No value. */
export function nullReply(protocol: Protocol): Buffer {
  return protocol === 3 ? Buffer.from('_\r\n') : NULL_BULK;
}

/** `members` are keys and values in turn. */
export function mapReply(members: readonly Buffer[], protocol: Protocol): Buffer {
  if (protocol === 2) return arrayReply(members);
  return Buffer.concat([Buffer.from(`%${members.length / 2}\r\n`), ...members]);
}

export function setReply(members: readonly Buffer[], protocol: Protocol): Buffer {
  if (protocol === 2) return arrayReply(members);
  return Buffer.concat([Buffer.from(`~${members.length}\r\n`), ...members]);
}

/** Text that is meant for people. */
export function verbatimReply(text: string, protocol: Protocol): Buffer {
  if (protocol === 2) return bulkReply(text);
  const bytes = Buffer.from(`txt:${text}`);
  return Buffer.concat([Buffer.from(`=${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}
