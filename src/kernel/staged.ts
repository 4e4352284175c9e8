import { ARGS, BYTES, BYTES_MAX, READ, READ_AT, STAGE_AT } from './memory.ts';

/** The part of a request view that is needed here; see protocol/request.ts. */
interface Request {
  readonly buf: Buffer;
  readonly base: number;
  readonly limit: number;
  readonly argc: number;
  readonly args: Int32Array;
}

/**
 * Puts a request where the kernel can work on it, and the bounds of its arguments into ARGS. Returns its offset there, -1 where it is too
 * large. A request in READ is not copied.
 */
export function stage(view: Request): number {
  const { buf, base, limit, argc, args } = view;
  if (limit - base > BYTES_MAX) return -1;
  if (args !== ARGS) ARGS.set(args.subarray(0, 2 * argc));
  if (buf === READ) return READ_AT + base;
  buf.copy(BYTES, STAGE_AT, base, limit);
  return STAGE_AT;
}
