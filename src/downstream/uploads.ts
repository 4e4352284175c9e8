import type { RequestScanner } from '../protocol/request-scanner.ts';
import { NO_NODE } from '../routing/topology.ts';
import type { Intake } from '../util/intake.ts';
import { Upload, type Uploader } from './upload.ts';

/** A request from this size on is not collected by the scanner but passed on in parts, where its first arguments decide where it goes. */
const UPLOAD_MIN = 32 * 1024;

/** The large request that a session is reading, if it is: takes it from the scanner in parts. */
export class Uploads {
  readonly #session: Uploader;
  readonly #intake: Intake;
  readonly #scanner: RequestScanner;
  #current: Upload | null = null;

  constructor(session: Uploader, intake: Intake, scanner: RequestScanner) {
    this.#session = session;
    this.#intake = intake;
    this.#scanner = scanner;
  }

  /** True while a large request is being read. */
  get active(): boolean {
    return this.#current !== null;
  }

  /** False where no further part should be taken for now. */
  get ready(): boolean {
    return this.#current === null || this.#current.ready;
  }

  /** Bytes that wait here. */
  get collectedBytes(): number {
    return this.#current === null ? 0 : this.#current.collectedBytes;
  }

  /** True where the scanner's unfinished request is to be taken in parts, or is already. */
  get wanted(): boolean {
    return this.#current !== null || this.#scanner.needed >= UPLOAD_MIN;
  }

  /** Takes what has come of the request that begins, or goes on, at `src[at]`; returns the offset behind it. `route` finds its node, NO_NODE where it must be read whole. */
  some(src: Buffer, at: number, to: number, route: (argsDeclared: number) => number): number {
    const scanner = this.#scanner;
    if (this.#current === null) {
      if (!scanner.peek(src)) return at;
      const node = route(scanner.argsDeclared);
      if (node === NO_NODE) return at;
      this.#current = new Upload(this.#session, node);
      this.#intake.streaming = true;
    }
    const end = scanner.cut(to);
    if (end > at) this.#current.take(this.#intake, src, at, end, false);
    this.#current.advance();
    return end;
  }

  /** Takes the rest of the request, `src[at, end)`. True where its reply must be waited for before anything else is handled. */
  last(src: Buffer, at: number, end: number): boolean {
    const upload = this.#current as Upload;
    upload.take(this.#intake, src, at, end, true);
    this.#intake.streaming = false;
    this.#current = null;
    return upload.finish();
  }

  /** Nothing else of the client is in flight any more. */
  advance(): void {
    this.#current?.advance();
  }

  /** The rest will not come. */
  abort(): void {
    this.#current?.abort();
    this.#current = null;
  }
}
