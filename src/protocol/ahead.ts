import { type KernelRouting, scanRequests } from '../kernel/kernel.ts';
import { AHEAD_AT, AHEAD_MAX, READ_AT } from '../kernel/memory.ts';

/** Instead of a record: there is none. */
export const NONE = -1;

/**
 * Requests that the kernel has found in READ before they are asked for, in its records; those of one scanner at a time.
 *
 *   READ      │ GET a │ SET b c │ GET d │ …
 *             taken             ^at
 *   records     0       1         2         next = 2, left = the number of those not taken
 */
class RequestsAhead {
  #owner: object | null = null;
  #left = 0;
  #next = 0;
  #at = 0;
  #version = 0;

  /**
   * The record of the request at `READ[from, to)`; NONE where it has too many arguments, or one that is not plain or longer than `max`.
   * Valid until the next call.
   */
  find(owner: object, from: number, to: number, max: number, routing: KernelRouting): number {
    if (this.#left === 0 || this.#at !== from || this.#owner !== owner || this.#version !== routing.version()) {
      const { which, open, close } = routing.hash;
      this.#owner = owner;
      this.#at = from;
      this.#version = routing.version();
      this.#next = 0;
      this.#left = scanRequests(READ_AT + from, READ_AT + to, AHEAD_MAX, max, AHEAD_AT, which, open, close, routing.table());
      if (this.#left === 0) return NONE;
    }
    return this.#next;
  }

  /** The request found last is taken; it ends at `end`. */
  take(end: number): void {
    this.#left--;
    this.#next++;
    this.#at = end;
  }

  /** READ has new bytes: the records of `owner` are dropped. */
  forget(owner: object): void {
    if (this.#owner === owner) this.#left = 0;
  }
}

export const ahead = new RequestsAhead();
