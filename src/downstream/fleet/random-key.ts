import type { ErrorCode } from '../../errors.ts';
import { headerNumber, isError, isInteger, isNull } from '../../protocol/element.ts';
import { nullReply } from '../../protocol/encode.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import type { Lane } from '../../upstream/lane-contract.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import type { Session } from '../session.ts';

const DBSIZE = encodeRequest(['DBSIZE']);
const RANDOMKEY = encodeRequest(['RANDOMKEY']);

/**
 * RANDOMKEY: every key of the fleet is equally likely. First all nodes are asked for their sizes; then one is drawn, with a chance in
 * proportion to its size, and asked for a key. A node that has lost all its keys meanwhile is not drawn again.
 */
export class RandomKey implements ReplyTarget {
  readonly owner: object;
  readonly parts = null;
  readonly #session: Session;
  readonly #token: number;
  readonly #nodes: readonly number[];
  readonly #sizes: number[] = [];
  #missing: number;
  #settled = false;
  #drawn = -1;

  /** `nodes` are indexes. */
  constructor(session: Session, nodes: readonly number[]) {
    this.owner = session;
    this.#session = session;
    this.#nodes = nodes;
    this.#missing = nodes.length;
    this.#token = session.open();
  }

  run(): void {
    // What comes behind could change what the second question finds.
    this.#session.barrier = true;
    for (let i = 0; i < this.#nodes.length; i++) this.#lane(i).send(DBSIZE, 0, DBSIZE.length, this, i, false);
  }

  /** Asked each time: a connection of the session's own goes back when what is in flight there has been answered. */
  #lane(i: number): Lane {
    return this.#session.lanes.at[this.#nodes[i] as number] as Lane;
  }

  onReply(index: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (this.#settled) return true;
    const isKey = this.#missing === 0;
    if (isError(buf, start) || (isKey && !isNull(buf, start))) return this.#settle(buf, start, end, given);
    if (isKey) {
      this.#sizes[this.#drawn] = 0;
      this.#draw();
    } else if (!isInteger(buf, start)) {
      this.onFailure(index, 'bad_reply', this.#lane(index).node);
    } else {
      this.#sizes[index] = headerNumber(buf, start);
      if (--this.#missing === 0) this.#draw();
    }
    return true;
  }

  #draw(): void {
    let at = Math.random() * this.#sizes.reduce((sum, size) => sum + size, 0);
    this.#drawn = this.#sizes.findIndex((size) => {
      at -= size;
      return size > 0 && at < 0;
    });
    if (this.#drawn >= 0) {
      this.#lane(this.#drawn).send(RANDOMKEY, 0, RANDOMKEY.length, this, this.#drawn, false);
      return;
    }
    const nothing = nullReply(this.#session.lanes.identity.protocol);
    this.#settle(nothing, 0, nothing.length, false);
  }

  #settle(buf: Buffer, start: number, end: number, given: boolean): boolean {
    this.#settled = true;
    return this.#session.onReply(this.#token, buf, start, end, given);
  }

  onFailure(_index: number, code: ErrorCode, detail: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#session.onFailure(this.#token, code, detail);
  }
}
