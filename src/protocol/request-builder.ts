import { HEAD_MAX } from '../kernel/memory.ts';
import { copyBytes } from '../util/copy.ts';
import { DOLLAR } from './bytes.ts';
import { writeArrayHeader } from './encode.ts';
import { digitsOf } from './header.ts';
import { argEnd, type RequestView } from './request.ts';

const FIRST_SIZE = 4096;
const KEEP_MAX = 1024 * 1024;

/**
 * Builds one fragment's request in a scratch buffer that is used again for the next request: it must be sent (copied) before.
 * Arguments are copied in encoded form, `$3\r\nkey\r\n`, as they came; how many there are is known in the end.
 *
 *   buf  ░░░░░░ *3\r\n $4\r\n MGET\r\n $1\r\n a\r\n $1\r\n b\r\n ░░░░░
 *               ^start                 ^HEAD_MAX                 ^end
 */
export class RequestBuilder {
  buf = Buffer.allocUnsafeSlow(FIRST_SIZE);
  start = HEAD_MAX;
  end = HEAD_MAX;

  begin(): void {
    this.end = HEAD_MAX;
    if (this.buf.length > KEEP_MAX) this.buf = Buffer.allocUnsafeSlow(FIRST_SIZE);
  }

  /** Appends arguments `first` to `last` of `view`, `first` at least 1. */
  append(view: RequestView, first: number, last: number): void {
    const from = argEnd(view, first - 1) + 2;
    const to = argEnd(view, last) + 2;
    const end = this.end + (to - from);
    if (end > this.buf.length) this.#makeRoom(end);
    copyBytes(this.buf, this.end, view.buf, from, to);
    this.end = end;
  }

  /** Completes a request of `argc` arguments whose name is argument 0 of `view`, at most 64 bytes long. */
  finish(argc: number, view: RequestView): void {
    this.start = writeHead(this.buf, HEAD_MAX, argc, view);
  }

  #makeRoom(end: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, end));
    this.buf.copy(larger, HEAD_MAX, HEAD_MAX, this.end);
    this.buf = larger;
  }
}

/**
 * Writes `*argc\r\n` and argument 0 of `view`, which has at most 64 bytes, so that they end before offset `end` of `buf`; returns where
 * they begin, at most HEAD_MAX before it.
 */
export function writeHead(buf: Buffer, end: number, argc: number, view: RequestView): number {
  const nameEnd = argEnd(view, 0) + 2;
  let name = view.base;
  while (view.buf[name] !== DOLLAR) name++;
  const at = end - (nameEnd - name);
  copyBytes(buf, at, view.buf, name, nameEnd);
  const start = at - digitsOf(argc) - 3;
  writeArrayHeader(buf, start, argc);
  return start;
}
