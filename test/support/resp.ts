import RedisParser from 'redis-parser';

/** Encodes one command as a multibulk request. */
export function encode(args: readonly (string | Buffer | number)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

const LINE_TYPES = new Set('+-:_#,('.split(''));
const BLOB_TYPES = new Set('$!='.split(''));
/** Elements per counted item: an attribute also stands before the reply it belongs to. */
const AGGREGATES: ReadonlyMap<string, number> = new Map([
  ['*', 1],
  ['~', 1],
  ['>', 1],
  ['%', 2],
  ['|', 2],
]);

/**
 * Offset behind the reply that starts at `start`, -1 while it is incomplete. Throws on what is no reply. Written to be
 * plainly right, not fast, and to share nothing with keyfan's own scanners.
 */
export function replyEnd(buf: Buffer, start = 0): number {
  let pending = 1;
  let at = start;
  while (pending > 0) {
    const lineEnd = buf.indexOf('\r\n', at, 'latin1');
    if (at < buf.length && !isType(buf, at)) throw new Error(`not a reply at byte ${at}: ${excerpt(buf, at)}`);
    if (lineEnd < 0) return -1;
    const type = String.fromCharCode(buf[at] as number);
    const rest = buf.toString('latin1', at + 1, lineEnd);
    at = lineEnd + 2;
    pending--;
    if (LINE_TYPES.has(type)) continue;
    if (!/^-?\d+$/.test(rest)) throw new Error(`bad length in a reply: ${JSON.stringify(type + rest)}`);
    const count = Number(rest);
    if (BLOB_TYPES.has(type)) {
      if (count < 0) continue;
      if (at + count + 2 > buf.length) return -1;
      if (buf.toString('latin1', at + count, at + count + 2) !== '\r\n') throw new Error(`no CRLF behind a bulk: ${excerpt(buf, start)}`);
      at += count + 2;
    } else {
      pending += Math.max(0, count) * (AGGREGATES.get(type) as number) + (type === '|' ? 1 : 0);
    }
  }
  return at;
}

function isType(buf: Buffer, at: number): boolean {
  const type = String.fromCharCode(buf[at] as number);
  return LINE_TYPES.has(type) || BLOB_TYPES.has(type) || AGGREGATES.has(type);
}

export function excerpt(buf: Buffer, at = 0, lengthMax = 60): string {
  const rest = buf.length - at;
  return JSON.stringify(buf.toString('latin1', at, at + lengthMax)) + (rest > lengthMax ? `… (${rest} bytes)` : '');
}

/** One complete RESP2 reply as a value, by redis-parser; an error reply becomes an `Error` (returned, not thrown). */
export function parseReply(raw: Buffer, buffers = false): unknown {
  const replies: unknown[] = [];
  const keep = (reply: unknown): void => {
    replies.push(reply);
  };
  const parser = new RedisParser({
    returnReply: keep,
    returnError: keep,
    returnFatalError: (error) => {
      throw error;
    },
    returnBuffers: buffers,
  });
  parser.execute(raw);
  if (replies.length !== 1) throw new Error(`expected one reply, got ${replies.length} in ${excerpt(raw)}`);
  return replies[0];
}
