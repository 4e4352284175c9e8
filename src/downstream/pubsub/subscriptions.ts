import type { SharedLane } from '../../upstream/lane.ts';
import type { Lane } from '../../upstream/lane-contract.ts';
import type { LaneSet } from '../lanes.ts';
import type { SubscriptionState } from '../mode.ts';
import type { Session } from '../session.ts';
import { type Failure, Feed, type FeedOwner } from './feed.ts';
import { confirmation, type Kind, subscriptionOf, WORDS } from './frames.ts';
import { SubscriberMode } from './subscriber-mode.ts';

const ARRAY = Buffer.from('*');
const NOTHING = Buffer.alloc(0);
/** Bytes of messages that may wait for a confirmation. */
const HELD_MAX = 32 * 1024 * 1024;

/** What subscriptions need of their surroundings. */
export interface PubsubContext {
  /** Indexes of the nodes where that name is subscribed to; empty where there is none. */
  nodesOf(kind: Kind, name: string): readonly number[];
  /** Names that one client may subscribe to. */
  readonly namesMax: number;
  /** The connections that subscriptions are made on; null where there may be no more. */
  enter(): LaneSet | null;
  leave(set: LaneSet): void;
}

/**
 * What a session is subscribed to, and the feeds that bring it. A SUBSCRIBE counts when every node that is concerned has confirmed it, and
 * not at all where one has not. An UNSUBSCRIBE counts when all have seen to it: what they have sent before belongs to the client, whose PUBLISH or
 * somebody else's has counted it.
 */
export class Subscriptions implements FeedOwner, SubscriptionState {
  readonly #session: Session;
  readonly #context: PubsubContext;
  /** By kind: names (latin1) with the nodes where they are subscribed to, in the order of their subscription. */
  readonly #names: Readonly<Record<Kind, Map<string, readonly number[]>>> = { channel: new Map(), pattern: new Map(), shard: new Map() };
  readonly #feeds = new Map<number, Feed>();
  readonly #mode: SubscriberMode;
  #set: LaneSet | null = null;
  /** Messages wait behind the confirmation. */
  #confirming = false;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(session: Session, context: PubsubContext) {
    this.#session = session;
    this.#context = context;
    this.#mode = new SubscriberMode(session);
  }

  /** Number of channels and patterns, or of shard channels. */
  count(kind: Kind): number {
    return kind === 'shard' ? this.#names.shard.size : this.#names.channel.size + this.#names.pattern.size;
  }

  size(kind: Kind): number {
    return this.#names[kind].size;
  }

  get isEmpty(): boolean {
    return this.count('channel') === 0 && this.count('shard') === 0;
  }

  /** SUBSCRIBE and its kin, with nothing of the session in flight. */
  subscribe(kind: Kind, names: readonly string[]): void {
    const session = this.#session;
    const token = session.open();
    const known = this.#names[kind];
    const added = new Map(names.filter((name) => !known.has(name)).map((name) => [name, this.#context.nodesOf(kind, name)] as const));
    const total = this.count('channel') + this.count('shard') + added.size;
    this.#set ??= this.#context.enter();
    if (total > this.#context.namesMax || this.#set === null) {
      const limit = this.#set === null ? 'limits.databases' : 'limits.client_subscriptions';
      session.fail(token, 'refused', `keyfan: too many subscriptions (${limit}); the command was not executed`);
      this.#settleEmpty();
      return;
    }
    if ([...added.values()].some((nodes) => nodes.length === 0)) {
      session.fail(token, 'no_nodes');
      this.#settleEmpty();
      return;
    }
    session.barrier = true;
    this.#confirming = true;
    this.#order(kind, added, (failure, node) => this.#confirm(token, kind, names, added, failure, node));
  }

  /** Subscribes at every node concerned; `done` is called once, when all have answered, with the first failure. */
  #order(kind: Kind, added: ReadonlyMap<string, readonly number[]>, done: (failure: Failure | null, node: string) => void): void {
    const byNode = namesByNode(added);
    let missing = byNode.size;
    let first: Failure | null = null;
    let failed = '';
    if (missing === 0) done(null, '');
    for (const [node, names] of byNode) {
      this.#feed(node).subscribe(kind, names, (failure) => {
        if (failure !== null && first === null) {
          first = failure;
          failed = (this.#session.lanes.at[node] as Lane).node;
        }
        if (--missing === 0) done(first, failed);
      });
    }
  }

  #feed(node: number): Feed {
    let feed = this.#feeds.get(node);
    if (feed === undefined || feed.closed) {
      feed = new Feed((this.#set as LaneSet).lanes[node] as SharedLane, this);
      this.#feeds.set(node, feed);
    }
    return feed;
  }

  #confirm(
    token: number,
    kind: Kind,
    names: readonly string[],
    added: ReadonlyMap<string, readonly number[]>,
    failure: Failure | null,
    node: string,
  ): void {
    const session = this.#session;
    const { protocol } = session.lanes.identity;
    this.#confirming = false;
    if (failure !== null) {
      // Their messages are dropped meanwhile: the client has no such subscription.
      this.#leave(kind, added, () => {});
      if ('reply' in failure) session.onReply(token, failure.reply, 0, failure.reply.length, false);
      else session.fail(token, failure.code, node);
    } else {
      const frames = names.map((name) => {
        const nodes = added.get(name);
        if (nodes !== undefined) this.#names[kind].set(name, nodes);
        return confirmation(WORDS[kind].subscribe, Buffer.from(name, 'latin1'), this.count(kind), protocol);
      });
      this.#tell(token, frames);
    }
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const push of held) this.onMessage(push, 0, push.length);
    this.#settleEmpty();
  }

  /** UNSUBSCRIBE and its kin, with nothing of the session in flight; without names, from all of that kind. */
  unsubscribe(kind: Kind, names: readonly string[]): void {
    const session = this.#session;
    const token = session.open();
    const known = this.#names[kind];
    const wanted = names.length === 0 ? [...known.keys()] : names;
    const left = new Map<string, readonly number[]>();
    for (const name of wanted) {
      const nodes = known.get(name);
      if (nodes !== undefined) left.set(name, nodes);
    }
    if (left.size > 0) session.barrier = true;
    this.#leave(kind, left, () => this.#confirmLeft(token, kind, wanted));
  }

  /** Nothing more comes for these names. */
  #confirmLeft(token: number, kind: Kind, names: readonly string[]): void {
    const { protocol } = this.#session.lanes.identity;
    const word = WORDS[kind].unsubscribe;
    const frames = names.map((name) => {
      this.#names[kind].delete(name);
      return confirmation(word, Buffer.from(name, 'latin1'), this.count(kind), protocol);
    });
    this.#tell(token, frames.length === 0 ? [confirmation(word, null, this.count(kind), protocol)] : frames);
    this.#settleEmpty();
  }

  /** Confirmations are no replies: they come whatever CLIENT REPLY says. Nothing else is owed to the client. */
  #tell(token: number, frames: readonly Buffer[]): void {
    const all = Buffer.concat(frames);
    this.#session.onReply(token, NOTHING, 0, 0, false);
    this.#session.onPush(all, 0, all.length);
  }

  /** Unsubscribes at every node concerned; `done` is called once, when all have answered or will not. */
  #leave(kind: Kind, left: ReadonlyMap<string, readonly number[]>, done: () => void): void {
    const byNode = namesByNode(left);
    let missing = byNode.size;
    if (missing === 0) done();
    const answered = (): void => {
      if (--missing === 0) done();
    };
    for (const [node, names] of byNode) {
      const feed = this.#feeds.get(node);
      if (feed === undefined) answered();
      else feed.unsubscribe(kind, names, answered);
    }
  }

  onMessage(buf: Buffer, start: number, end: number): void {
    const push = buf.subarray(start, end);
    const subscription = subscriptionOf(push);
    if (subscription === null) return;
    if (this.#confirming) this.#hold(push);
    else if (this.#names[subscription.kind].has(subscription.name)) this.#pass(buf, start, end);
  }

  /** A push of RESP3 is an array in RESP2. */
  #pass(buf: Buffer, start: number, end: number): void {
    const session = this.#session;
    if (session.lanes.identity.protocol === 3) {
      session.onPush(buf, start, end);
    } else {
      session.onPush(ARRAY, 0, 1);
      session.onPush(buf, start + 1, end);
    }
  }

  #hold(push: Buffer): void {
    this.#held.push(Buffer.from(push));
    this.#heldBytes += push.length;
    if (this.#heldBytes > HELD_MAX) this.#session.destroy('slow_subscriber');
  }

  /** Lets go of the feeds when nothing is subscribed to any more. */
  #settleEmpty(): void {
    if (this.isEmpty && !this.#confirming) this.close();
    this.refreshMode();
  }

  refreshMode(): void {
    const session = this.#session;
    const wanted = !this.isEmpty && session.lanes.identity.protocol === 2;
    if (wanted) session.mode = this.#mode;
    else if (session.mode === this.#mode) session.mode = null;
  }

  /** The session has gone, or begins anew. */
  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
    for (const names of Object.values(this.#names)) names.clear();
    this.#held = [];
    if (this.#set !== null) this.#context.leave(this.#set);
    this.#set = null;
  }
}

/** What each node is to be asked, in one request: a client may name a hundred thousand. */
function namesByNode(names: ReadonlyMap<string, readonly number[]>): Map<number, string[]> {
  const byNode = new Map<number, string[]>();
  for (const [name, nodes] of names) {
    for (const node of nodes) {
      const list = byNode.get(node);
      if (list === undefined) byNode.set(node, [name]);
      else list.push(name);
    }
  }
  return byNode;
}
