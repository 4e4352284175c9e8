import { type KernelHash, scanRequests } from '../kernel/kernel.ts';
import { AHEAD_AT, AHEAD_MAX, READ_AT } from '../kernel/memory.ts';

/** In the place of a record. */
export const NONE = -1;

/**
 * Requests that the kernel has found in READ before they are asked for, in its records; those of one scanner at a time.
 *
 *   READ      │ GET a │ SET b c │ GET d │ …
 *             ^taken            ^at
 *   records     0       1         2         next = 2, left = the number of those not taken
 */
class RequestsAhead {
  #owner: object | null = null;
  #left = 0;
  #next = 0;
  #at = 0;

  /**
   * The record of the request at `READ[from, to)`, or NONE where that is not of few plain arguments, none longer than `max`. It is
   * good until the next call.
   */
  take(owner: object, from: number, to: number, max: number, { which, open, close }: KernelHash): number {
    if (this.#left === 0 || this.#at !== from || this.#owner !== owner) {
      this.#owner = owner;
      this.#next = 0;
      this.#left = scanRequests(READ_AT + from, READ_AT + to, AHEAD_MAX, max, AHEAD_AT, which, open, close);
      if (this.#left === 0) return NONE;
    }
    this.#left--;
    return this.#next++;
  }

  /** The request taken last ends at `at`. */
  goOn(at: number): void {
    this.#at = at;
  }

  /** What READ holds is not what it was. */
  forget(owner: object): void {
    if (this.#owner === owner) this.#left = 0;
  }
}

export const ahead = new RequestsAhead();
