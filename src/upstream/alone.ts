import type { ErrorCode } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { LeaseTaker } from './leases.ts';
import type { ReplyTarget } from './target.ts';

/** One whole request that waits for a lease to be sent on. */
export class Alone implements LeaseTaker {
  readonly #node: string;
  readonly #request: Buffer;
  readonly #target: ReplyTarget;
  readonly #token: number;

  /** `request` is nobody else's to write to. */
  constructor(node: string, request: Buffer, target: ReplyTarget, token: number) {
    this.#node = node;
    this.#request = request;
    this.#target = target;
    this.#token = token;
  }

  onLease(lease: Connection): void {
    const { length } = this.#request;
    if (!lease.send(this.#request, 0, length, this.#target, this.#token, false)) this.onNoLease('queue_full');
  }

  onNoLease(code: ErrorCode): void {
    this.#target.onFailure(this.#token, code, this.#node);
  }
}
