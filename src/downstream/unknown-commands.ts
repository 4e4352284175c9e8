import { asciiLower } from '../command/argument.ts';
import { learnedRow } from '../command/learned.ts';
import type { CommandRow } from '../command/row.ts';
import { rowByName } from '../command/table.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { argText, type RequestView } from '../protocol/request.ts';
import type { ReplyTarget } from '../upstream/target.ts';
import { clock } from '../util/clock.ts';
import type { Router } from './router.ts';
import type { Session } from './session.ts';

/** Names that are remembered; then all are forgotten. */
const NAMES_MAX = 10_000;
/** What a node knows may change when it is upgraded, or gets a module. */
const REMEMBER_MS = 60_000;
const NAME = /^[\x21-\x7e]{1,64}$/;

interface Known {
  readonly row: CommandRow | null;
  readonly since: number;
  /** Why no node could be asked. */
  readonly failure: { readonly code: ErrorCode; readonly node: string } | null;
}

/** Commands of modules, and of nodes newer than keyfan: the nodes are asked what these are, once each for a while. */
export class UnknownCommands {
  readonly #router: Router;
  readonly #known = new Map<string, Known>();

  constructor(router: Router) {
    this.#router = router;
  }

  /**
   * The row of a request that is not in keyfan's table; null where no node knows it either, undefined where it was parked until a node
   * has told, or answered with why none could be asked.
   */
  find(session: Session, view: RequestView): CommandRow | null | undefined {
    const name = asciiLower(argText(view, 0));
    if (!session.authenticated || !NAME.test(name) || rowByName(name) !== undefined) return null;
    const known = this.#known.get(name);
    if (known !== undefined && known.failure !== null) {
      this.#known.delete(name);
      session.fail(session.open(), known.failure.code, known.failure.node);
      return undefined;
    }
    if (known !== undefined && clock.now - known.since < REMEMBER_MS) return known.row;
    return this.#ask(session, name) ? undefined : null;
  }

  #ask(session: Session, name: string): boolean {
    const lane = session.lanes.plain(this.#router.anyNode());
    if (lane === undefined) return false;
    session.onHold = true;
    session.park();
    const request = encodeRequest(['COMMAND', 'INFO', name]);
    lane.send(request, 0, request.length, new Question(session, (row, failure) => this.#remember(name, row, failure)), 0, true);
    return true;
  }

  #remember(name: string, row: CommandRow | null, failure: Known['failure']): void {
    if (this.#known.size >= NAMES_MAX) this.#known.clear();
    this.#known.set(name, { row, since: clock.now, failure });
  }
}

type Learn = (row: CommandRow | null, failure: Known['failure']) => void;

/** Asks a node what a command is. */
class Question implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;
  readonly #session: Session;
  readonly #learn: Learn;

  constructor(session: Session, learn: Learn) {
    this.#session = session;
    this.#learn = learn;
  }

  onReply(_token: number, buf: Buffer, start: number, end: number): boolean {
    this.#done(learnedRow(buf.subarray(start, end)), null);
    return true;
  }

  onFailure(_token: number, code: ErrorCode, node: string): void {
    // The client's own request was not sent, whatever became of the question.
    this.#done(null, { code: ERRORS[code].executed === 'no' ? code : 'not_sent', node });
  }

  #done(row: CommandRow | null, failure: Known['failure']): void {
    this.#learn(row, failure);
    this.#session.onHold = false;
    this.#session.onLaneReady();
  }
}
