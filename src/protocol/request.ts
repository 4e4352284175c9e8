/**
 * One scanned request: bytes and integers, never decoded values.
 *
 *   buf   … │ *2\r\n $3\r\n GET\r\n $1\r\n k\r\n │ …
 *           ^base         ^args[0] ^args[1]      ^limit
 *
 * Always in multibulk form: an inline request is re-encoded before it becomes a view. A view is valid until its
 * scanner is called again; whoever keeps bytes longer copies them.
 */
export interface RequestView {
  readonly buf: Buffer;
  /** Offset in `buf` of the frame's first byte. */
  readonly base: number;
  /** Offset in `buf` behind the frame's last byte. */
  readonly limit: number;
  /** Number of arguments, the command name included; at least 1. */
  readonly argc: number;
  /** `args[2 * i]` and `args[2 * i + 1]`: start and end of argument i's payload, relative to `base`. */
  readonly args: Int32Array;
  /** Hash of argument 1, where the scanner was told how to hash it, and did: an unsigned 32-bit integer; else -1. */
  readonly hash: number;
}

/** Offset in `view.buf` of the first byte of argument `i`. */
export function argStart(view: RequestView, i: number): number {
  return view.base + (view.args[2 * i] as number);
}

/** Offset in `view.buf` behind the last byte of argument `i`. */
export function argEnd(view: RequestView, i: number): number {
  return view.base + (view.args[2 * i + 1] as number);
}

/** Argument `i` as a view of the request's buffer; for cold paths. */
export function argBytes(view: RequestView, i: number): Buffer {
  return view.buf.subarray(argStart(view, i), argEnd(view, i));
}

/** Argument `i` decoded byte for byte; for cold paths. */
export function argText(view: RequestView, i: number): string {
  return view.buf.toString('latin1', argStart(view, i), argEnd(view, i));
}

/** A copy that outlives the scanner's next call. */
export function keepView({ buf, base, limit, argc, args, hash }: RequestView): RequestView {
  return { buf: Buffer.from(buf.subarray(base, limit)), base: 0, limit: limit - base, argc, args: args.slice(0, 2 * argc), hash };
}
