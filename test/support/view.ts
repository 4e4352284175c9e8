import type { RequestView } from '../../src/protocol/request.ts';
import { encode } from './resp.ts';

/** Bytes in front of and behind the frame, so that code which forgets `base` or `limit` is found out. */
const BEFORE = Buffer.from('*1\r\n$4\r\nPING\r\n');
const BEHIND = Buffer.from('*1\r\n$4\r\nECHO\r\n');

const bytesOf = (arg: string | Buffer): Buffer => (typeof arg === 'string' ? Buffer.from(arg) : arg);

/** The view a scanner would give of the frame of these arguments, in the midst of others. */
export function viewOf(...args: (string | Buffer)[]): RequestView {
  const frame = encode(args);
  const offsets: number[] = [];
  let at = `*${args.length}\r\n`.length;
  for (const arg of args.map(bytesOf)) {
    const start = at + `$${arg.length}\r\n`.length;
    offsets.push(start, start + arg.length);
    at = start + arg.length + 2;
  }
  return {
    buf: Buffer.concat([BEFORE, frame, BEHIND]),
    base: BEFORE.length,
    limit: BEFORE.length + frame.length,
    argc: args.length,
    args: Int32Array.from(offsets),
    hash: -1,
  };
}
