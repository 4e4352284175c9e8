import { elementsOf, isError, payloadOf } from '../../protocol/element.ts';
import { arrayReply, bulkReply } from '../../protocol/encode.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import { argBytes, argText, type RequestView } from '../../protocol/request.ts';
import { ScanCursors } from '../../routing/scan-cursor.ts';
import type { Lane } from '../../upstream/lane-contract.ts';
import type { Router } from '../router.ts';
import type { Session } from '../session.ts';
import { SessionTarget } from '../session-target.ts';

/** SCAN cursor [MATCH pattern] [COUNT n] [TYPE type] over all nodes, one after the other. */
export class Scan {
  readonly #router: Router;
  readonly #cursors: ScanCursors;

  constructor(router: Router) {
    this.#router = router;
    this.#cursors = new ScanCursors(router.topology.nodes.map(({ name }) => name));
  }

  run(session: Session, view: RequestView): void {
    const place = this.#cursors.parse(argText(view, 1), this.#router.topology.live);
    const token = session.open();
    if (place === null) {
      session.fail(token, 'refused', 'invalid cursor');
      return;
    }
    if (place === -1) {
      session.fail(token, 'refused', 'keyfan: invalid cursor: it names no node of this pool; begin again with 0');
      return;
    }
    const rest = Array.from({ length: view.argc - 2 }, (_, i) => argBytes(view, i + 2));
    const request = encodeRequest(['SCAN', place.cursor, ...rest]);
    const lane = session.lanes.at[place.node] as Lane;
    lane.send(request, 0, request.length, new Step(session, this.#cursors, this.#router, place.node), token, true);
  }
}

/** One node's part of a scan: its cursor becomes the fleet's, its keys pass. */
class Step extends SessionTarget {
  readonly #cursors: ScanCursors;
  readonly #router: Router;
  readonly #node: number;

  constructor(session: Session, cursors: ScanCursors, router: Router, node: number) {
    super(session);
    this.#cursors = cursors;
    this.#router = router;
    this.#node = node;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    if (isError(buf, start)) return this.session.onReply(token, buf, start, end, given);
    const [cursor, keys] = elementsOf(buf.subarray(start, end)) ?? [];
    const digits = cursor === undefined || keys === undefined ? '' : payloadOf(cursor).toString('latin1');
    const next = /^\d{1,20}$/.test(digits) ? this.#cursors.next(this.#node, digits, this.#router.topology.live) : null;
    if (next === null) {
      this.session.onFailure(token, 'bad_reply', this.#router.topology.nodes[this.#node]?.name ?? '');
      return true;
    }
    const whole = arrayReply([bulkReply(next), keys as Buffer]);
    return this.session.onReply(token, whole, 0, whole.length, false);
  }
}
