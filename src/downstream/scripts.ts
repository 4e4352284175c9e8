import type { CommandRow } from '../command/row.ts';
import { encodeRequest } from '../protocol/multibulk.ts';
import { argBytes, argText, type RequestView } from '../protocol/request.ts';
import type { Lane } from '../upstream/lane-contract.ts';
import { ReservedLane } from '../upstream/reserved-lane.ts';
import { SWALLOW } from '../upstream/swallow.ts';
import type { PartTaker } from '../upstream/target.ts';
import { isLarge, type Way, wayFor } from './large.ts';
import { nodeOrFail } from './node-or-fail.ts';
import { ownLane } from './own-lane.ts';
import type { Router } from './router.ts';
import type { ScriptStore } from './script-store.ts';
import type { Session } from './session.ts';
import { SessionTarget } from './session-target.ts';

const BY_TEXT: ReadonlySet<string> = new Set(['eval', 'eval_ro']);
const BY_SHA: ReadonlySet<string> = new Set(['evalsha', 'evalsha_ro']);

/** A script that ran may answer with an error of its own that begins alike. */
const LACKS = '-NOSCRIPT No matching script';

/**
 * Scripts and functions: on a connection of the session's own, behind a fence, because the text of a script's error may look like
 * further replies (CVE-2025-67733). A node that lacks a script which some client has shown is given it first.
 */
export class Scripts {
  readonly #store: ScriptStore;
  readonly #router: Router;
  /** Scripts run on shared connections. A node that lacks one is given it when it says so. */
  readonly #share: boolean;
  /** By node: what is being loaded there on shared connections. */
  readonly #loading = new Map<string, Set<Buffer>>();

  constructor(router: Router, store: ScriptStore, share: boolean) {
    this.#store = store;
    this.#router = router;
    this.#share = share;
  }

  run(session: Session, view: RequestView, row: CommandRow): void {
    const node = nodeOrFail(session, this.#router, view, row, () => this.#router.firstNode());
    if (node === null) return;
    if (this.#share) this.#runShared(session, session.lanes.at[node] as Lane, view, row);
    else this.#runOn(session, node, view, row);
  }

  #runShared(session: Session, lane: Lane, view: RequestView, row: CommandRow): void {
    const way = wayFor(session, view);
    if (way === null) return;
    if (BY_TEXT.has(row.name)) this.#store.remember(argBytes(view, 1));
    const body = BY_SHA.has(row.name) ? this.#store.body(argText(view, 1)) : undefined;
    const target = body === undefined ? session : new Healer(this, session, lane, way, view, body);
    lane[way](view.buf, view.base, view.limit, target, session.open(), session.give(view));
  }

  #runOn(session: Session, node: number, view: RequestView, row: CommandRow): void {
    const lane = ownLane(session, node);
    if (lane === null) return;
    // What follows would find the queue full.
    if (isLarge(view)) session.barrier = true;
    const body = this.provide(session, lane, view, row);
    const target = body === undefined ? session : new Healer(this, session, lane, 'send', view, body);
    lane.send(view.buf, view.base, view.limit, target, session.open(), session.give(view));
    lane.fence();
  }

  /** Makes sure that the node has the script of the request; returns the script where the request names it by SHA1 and keyfan knows it. */
  provide(session: Session, lane: ReservedLane, view: RequestView, row: CommandRow): Buffer | undefined {
    if (BY_TEXT.has(row.name)) this.#store.tell(lane.node, lane.epoch, this.#store.remember(argBytes(view, 1)));
    if (!BY_SHA.has(row.name)) return undefined;
    const sha = argText(view, 1);
    const body = this.#store.body(sha);
    if (body !== undefined && this.#store.tell(lane.node, lane.epoch, sha)) this.load(session, lane, body);
    return body;
  }

  load({ tracking }: Session, lane: ReservedLane, body: Buffer): void {
    const request = encodeRequest(['SCRIPT', 'LOAD', body]);
    lane.send(request, 0, request.length, SWALLOW, 0, true);
    tracking?.caching?.repeat(lane);
  }

  /** As `load`, on a connection that others use, who may lack the same script at the same moment: it is on its way once only. */
  loadShared(session: Session, lane: Lane, body: Buffer): void {
    const loading = this.#loading.get(lane.node) ?? new Set();
    this.#loading.set(lane.node, loading);
    if (loading.has(body)) return;
    loading.add(body);
    const request = encodeRequest(['SCRIPT', 'LOAD', body]);
    const over = (): boolean => loading.delete(body);
    // In the name of the session, so that it takes the way of what follows.
    lane.send(request, 0, request.length, { owner: session, parts: null, onReply: over, onFailure: over }, 0, true);
  }
}

/** An EVALSHA: if its node has forgotten the script and nothing of the session is behind, it is loaded and the request sent again. */
class Healer extends SessionTarget {
  override readonly parts: PartTaker;
  readonly #scripts: Scripts;
  readonly #lane: Lane;
  readonly #way: Way;
  readonly #request: Buffer;
  readonly #body: Buffer;

  constructor(scripts: Scripts, session: Session, lane: Lane, way: Way, view: RequestView, body: Buffer) {
    super(session);
    this.parts = session;
    this.#scripts = scripts;
    this.#lane = lane;
    this.#way = way;
    this.#request = Buffer.from(view.buf.subarray(view.base, view.limit));
    this.#body = body;
  }

  onReply(token: number, buf: Buffer, start: number, end: number, given: boolean): boolean {
    // NOSCRIPT says that nothing ran. What was sent behind it ran already: it must not be overtaken.
    const lacks = buf.toString('latin1', start, start + LACKS.length) === LACKS && this.session.inFlight === 1;
    const lane = this.#lane;
    const own = lane instanceof ReservedLane ? lane : null;
    if (!lacks || own?.connection === null) return this.session.onReply(token, buf, start, end, given);
    if (own === null) this.#scripts.loadShared(this.session, lane, this.#body);
    else this.#scripts.load(this.session, own, this.#body);
    lane[this.#way](this.#request, 0, this.#request.length, this.session, token, true);
    own?.fence();
    return true;
  }
}
