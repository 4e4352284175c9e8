import type { ErrorCode } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { LeaseTaker } from './leases.ts';
import type { ReplyTarget } from './target.ts';

/** Answers for a request that found no connection. */
interface Refuser {
  readonly node: string;
  refuse(code: ErrorCode, target: ReplyTarget, token: number): void;
}

/** One whole request that waits for a lease to be sent on. */
export class Alone implements LeaseTaker {
  readonly #lane: Refuser;
  readonly #request: Buffer;
  readonly #target: ReplyTarget;
  readonly #token: number;

  get bytes(): number {
    return this.#request.length;
  }

  /** `request` is nobody else's to write to. */
  constructor(lane: Refuser, request: Buffer, target: ReplyTarget, token: number) {
    this.#lane = lane;
    this.#request = request;
    this.#target = target;
    this.#token = token;
  }

  onLease(lease: Connection): void {
    const { length } = this.#request;
    if (!lease.send(this.#request, 0, length, this.#target, this.#token, false))
      this.#lane.refuse(lease.refusal, this.#target, this.#token);
  }

  onNoLease(code: ErrorCode): void {
    this.#target.onFailure(this.#token, code, this.#lane.node);
  }
}
