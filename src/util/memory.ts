import { type Listed, Roster } from './roster.ts';

/** Above this part of the limit keyfan reads no more from clients that have not taken what they were sent. */
const TIGHT = 0.5;
/** Above this part of the limit new clients are refused. */
const SCARCE = 0.75;

/** Changes are told in steps of so many bytes; less than one step counts as nothing. */
const STEP = 64 * 1024;

/** Who memory is held for. */
export interface Member {
  /** Lets go of all of it at once; its account is brought to 0 within the call. */
  letGo(): void;
}

/**
 * The bytes of requests and replies that this process holds for clients, against a limit:
 *
 *   0 ─────────── TIGHT ─────── SCARCE ─────── limit
 *     as usual    │ read less   │ refuse new   │ close the worst
 */
export class Memory {
  readonly limit: number;
  /** Bytes held, as told by `account`. */
  held = 0;
  readonly #accounts = new Roster<Account>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get tight(): boolean {
    return this.held > this.limit * TIGHT;
  }

  get scarce(): boolean {
    return this.held > this.limit * SCARCE;
  }

  /** The account's bytes are `bytes` now. While the sum is above the limit, the member with the most has to let go of all it has. */
  change(account: Account, bytes: number): void {
    this.held += bytes - account.bytes;
    if (account.bytes === 0) this.#accounts.add(account);
    else if (bytes === 0) this.#accounts.remove(account);
    account.bytes = bytes;
    while (this.held > this.limit) if (!this.#relieve()) return;
  }

  #relieve(): boolean {
    let worst: Account | null = null;
    let most = 0;
    for (const account of this.#accounts) {
      if (account.bytes <= most) continue;
      worst = account;
      most = account.bytes;
    }
    worst?.member.letGo();
    return worst !== null && worst.bytes !== most;
  }
}

/** The account of one member, which may be told of every change. */
export class Account implements Listed {
  /** What was told last. */
  bytes = 0;
  place = -1;
  readonly member: Member;
  readonly #memory: Memory;

  constructor(memory: Memory, member: Member) {
    this.#memory = memory;
    this.member = member;
  }

  /** `bytes` are held now. */
  set(bytes: number): void {
    const told = bytes < STEP ? 0 : bytes;
    if (told === this.bytes || (told > 0 && Math.abs(told - this.bytes) < STEP)) return;
    this.#memory.change(this, told);
  }
}
