import { copyBytes } from '../util/copy.ts';
import { argEnd, type RequestView } from './request.ts';

const FIRST_SIZE = 4096;
const KEEP_MAX = 1024 * 1024;

/**
 * Builds the requests of a fan-out in one scratch buffer that is used again for the next one: the caller sends (copies)
 * `buf[0, length)` before it begins another. Arguments are copied in encoded form, `$3\r\nkey\r\n`, as they came.
 */
export class RequestBuilder {
  buf = Buffer.allocUnsafeSlow(FIRST_SIZE);
  length = 0;

  /** Starts a request of `argc` arguments whose first is argument 0 of `view`. */
  begin(argc: number, view: RequestView): void {
    if (this.buf.length > KEEP_MAX) this.buf = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.length = this.buf.write(`*${argc}\r\n`, 0, 'latin1');
    this.#copy(view, view.buf.indexOf(0x24, view.base), argEnd(view, 0) + 2);
  }

  /** Appends arguments `first` to `last` of `view`, `first` at least 1. */
  append(view: RequestView, first: number, last: number): void {
    this.#copy(view, argEnd(view, first - 1) + 2, argEnd(view, last) + 2);
  }

  #copy(view: RequestView, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.buf.length) this.#makeRoom(size);
    copyBytes(this.buf, this.length, view.buf, start, end);
    this.length += size;
  }

  #makeRoom(size: number): void {
    if (this.length + size <= this.buf.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, this.length + size));
    this.buf.copy(larger, 0, 0, this.length);
    this.buf = larger;
  }
}
