import t, { type Test } from 'tap';
import type { Connection } from '../../../src/upstream/connection.ts';
import { ReservedLane, type Reserver } from '../../../src/upstream/reserved-lane.ts';
import { clock, tick } from '../../../src/util/clock.ts';
import { OutBuffer } from '../../../src/util/out-buffer.ts';
import { encode } from '../../support/resp.ts';
import { gate, type Script } from '../../support/scripted-node.ts';
import { until } from '../../support/wait.ts';
import { ask, heard, type Site, type SiteOptions, startSite, Taker, TIMEOUT_MS, Waiter } from './helpers.ts';

tick();

class Session implements Reserver {
  readonly heard: string[] = [];
  onReserved({ connection, failure }: ReservedLane): void {
    this.heard.push(connection !== null ? 'reserved' : `failed ${failure}`);
  }
  onReleased({ connection }: ReservedLane): void {
    this.heard.push(connection === null ? 'released' : 'released too early');
  }
  onPush(buf: Buffer, start: number, end: number): void {
    this.heard.push(buf.toString('latin1', start, end));
  }
  onKeptLost(): void {
    this.heard.push('kept lost');
  }
}

/** Echoes words; FENCED stands for a script: answered like any other. */
const echo: Script = ({ args }) => (args[0] === 'PING' ? `$${args[1]?.length}\r\n${args[1]}\r\n` : `+${args.join(' ')}\r\n`);

interface Setup extends Site {
  readonly session: Session;
  /** A lane that has asked for its connection. */
  begun(): ReservedLane;
}

async function setup(t: Test, script: Script = echo, options: SiteOptions = {}): Promise<Setup> {
  const site = await startSite(t, script, { reservedMax: 1, ...options });
  const session = new Session();
  const begun = (): ReservedLane => {
    const lane = new ReservedLane(3, site.lane, session);
    lane.begin();
    return lane;
  };
  return { ...site, session, begun };
}

/** Waits until `waiter` has been answered so often, and sees what becomes of the lane in the same read. */
async function answered(waiter: Waiter, count: number): Promise<void> {
  await heard(waiter, count);
  await new Promise((resolve) => setImmediate(resolve));
}

t.test('a connection at once; after what was sent has been answered it goes back, and others get it', async (t) => {
  const { session, begun, owner, lane, node } = await setup(t);
  const own = begun();
  t.strictSame(session.heard, ['reserved']);
  t.ok(own.connection?.keeper === own);
  t.same([own.node, own.index], ['a', 3]);
  const waiting = begun();
  t.equal(waiting.connection, null);
  const waiter = new Waiter();
  for (const token of [1, 2]) ask(own, waiter, token, 'GET', `${token}`);
  const was = own.connection;
  await answered(waiter, 2);
  t.strictSame(session.heard, ['reserved', 'reserved', 'released'], 'the next has it as soon as it is free');
  t.ok(own.connection === null && waiting.connection === was && was?.keeper === waiting);
  t.same([owner.counters.requests, lane.reserved, node.accepted], [2, 1, 1]);
});

t.test('one that was used for nothing yet is not given back when its handshake is answered', async (t) => {
  const { begun, session } = await setup(t);
  const own = begun();
  await until(() => own.connection?.greeted, 'the handshake');
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(session.heard, ['reserved']);
  own.releaseUnused();
  t.strictSame(session.heard, ['reserved', 'released']);
  own.releaseUnused();
  t.equal(session.heard.length, 2, 'once');
});

t.test('watched keys and tracking keep it, until they do not', async (t) => {
  for (const reason of ['pinned', 'kept'] as const) {
    const { begun, session } = await setup(t);
    const own = begun();
    own[reason] = true;
    own.releaseUnused();
    const waiter = new Waiter();
    ask(own, waiter, 1, 'WATCH');
    await answered(waiter, 1);
    own.releaseUnused();
    t.strictSame(session.heard, ['reserved'], reason);
    own[reason] = false;
    ask(own, waiter, 2, 'UNWATCH');
    own.releaseUnused();
    t.ok(own.connection !== null, 'it is in use');
    await answered(waiter, 2);
    t.strictSame(session.heard, ['reserved', 'released']);
  }
});

t.test('lost: what is in flight has failed, then the session hears; what comes then is refused', async (t) => {
  const { begun, session, node, owner, waitAsked } = await setup(t, () => {});
  const own = begun();
  const waiter = new Waiter();
  ask(own, waiter, 1, 'SET');
  await waitAsked(1);
  node.resetAll();
  await heard(waiter, 1);
  t.strictSame(waiter.heard, ['1 !connection_lost a']);
  t.strictSame(session.heard, ['reserved', 'released']);
  const requests = owner.counters.requests;
  const request = encode(['GET']);
  const collected = new OutBuffer();
  collected.append(request, 0, request.length, false);
  ask(own, waiter, 2, 'GET');
  own.sendCollected(collected, waiter, 3);
  own.sendBatch(collected, 2, waiter, waiter, 4);
  own.sendUntimed(request, 0, request.length, waiter, 5);
  own.sendAlone(request, 0, request.length, waiter, 6, false);
  own.sendAside(request, 0, request.length, waiter, 7, false);
  own.fence();
  own.tell(request);
  const taker = new Taker();
  own.lease(taker);
  t.strictSame(
    waiter.heard.slice(1),
    [2, 3, 4, 5, 6, 7].map((token) => `${token} !not_sent a`),
  );
  t.equal(taker.refused, 'not_sent');
  t.same([owner.counters.requests, owner.errors('not_sent')], [requests, 6]);
});

t.test('one that tracking kept is missed', async (t) => {
  const { begun, session } = await setup(t);
  const own = begun();
  own.kept = true;
  own.connection?.destroy('connection_lost', 'gone');
  t.strictSame(session.heard, ['reserved', 'released', 'kept lost']);
});

t.test('no connection: the session is told why', async (t) => {
  const { begun, session, owner, lane } = await setup(t);
  const holder = begun();
  const late = begun();
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.same([late.failure, late.connection, holder.failure], ['queue_full', null, null]);
  owner.accepting = false;
  const down = begun();
  t.equal(down.failure, 'node_down');
  t.strictSame(session.heard, ['reserved', 'failed queue_full', 'failed node_down']);
});

t.test('a session that leaves: while it waits, unused, and with a connection in use', async (t) => {
  const { begun, session, lane, waitAsked } = await setup(t, () => {});
  const [holder, waits, next] = [begun(), begun(), begun()];
  const first = holder.connection;
  waits.abandon();
  holder.abandon();
  t.strictSame(session.heard, ['reserved', 'reserved', 'released'], 'whoever waits behind gets what was not used');
  t.ok(waits.connection === null && next.connection === first);
  const waiter = new Waiter();
  ask(next, waiter, 1, 'GET');
  await waitAsked(1);
  next.abandon();
  t.strictSame([waiter.heard, first?.closed, lane.reserved], [['1 !connection_lost a'], true, 0]);
  t.equal(session.heard.at(-1), 'released');
  const [last, gone] = [begun(), begun()];
  gone.abandon();
  last.connection?.destroy('connection_lost', 'gone');
  t.equal(lane.reserved, 0, 'none is opened for whoever does not wait any more');
});

t.test('what comes for a session that has left is not its own any more', async (t) => {
  const { lane, session } = await setup(t);
  const gone = new ReservedLane(0, lane, session);
  const taker = new Taker();
  lane.reserve(taker);
  gone.abandon();
  gone.onLease(taker.lease as unknown as Connection);
  const other = new Taker();
  lane.reserve(other);
  t.ok(other.lease === taker.lease, 'given back');
  gone.onNoLease('queue_full');
  t.strictSame([session.heard, gone.connection], [[], null]);
});

t.test('a request that may take as long as it likes, among others that may not', async (t) => {
  const { begun, lane, owner, waitAsked } = await setup(t, () => {});
  const own = begun();
  const waiter = new Waiter();
  const request = encode(['BLPOP']);
  own.sendUntimed(request, 0, request.length, waiter, 1);
  await waitAsked(1);
  lane.tick(clock.now + TIMEOUT_MS * 100);
  t.strictSame(waiter.heard, []);
  t.ok(own.connection !== null);
  t.notOk(owner.heard.some((word) => word.startsWith('unblock')));
  const id = own.connection?.clientId;
  own.abandon();
  t.equal(owner.heard.at(-1), `unblock ${id}`, 'before its end can be seen');
  const timed = begun();
  ask(timed, waiter, 2, 'GET');
  await waitAsked(2);
  lane.tick(clock.now + TIMEOUT_MS + 1);
  t.strictSame(waiter.heard, ['1 !connection_lost a', '2 !timeout a']);
  t.equal(owner.heard.filter((word) => word.startsWith('unblock')).length, 1, 'not for what does not wait');
  const outlived = begun();
  outlived.sendUntimed(request, 0, request.length, waiter, 3);
  await waitAsked(3);
  t.not(outlived.connection?.clientId, 0);
  owner.counters.reconnects++;
  t.equal(outlived.connection?.clientId, 0, 'somebody else may have it now');
  outlived.abandon();
  t.equal(owner.heard.filter((word) => word.startsWith('unblock')).length, 1);
});

t.test('a limit of the connection is its refusal', async (t) => {
  const { begun, owner } = await setup(t, echo, { inFlightMax: 4 });
  const own = begun();
  const waiter = new Waiter();
  // The handshake has two requests here.
  for (const token of [1, 2, 3]) ask(own, waiter, token, 'GET');
  t.strictSame([waiter.heard, owner.errors('queue_full')], [['3 !queue_full a'], 1]);
  await answered(waiter, 3);
  t.strictSame(waiter.heard.slice(1), ['1 +GET', '2 +GET']);
});

t.test('an upload goes on the session’s own connection', async (t) => {
  const { begun, owner } = await setup(t);
  const own = begun();
  const taker = new Taker();
  own.lease(taker);
  t.ok(taker.lease === own.connection);
  t.equal(owner.counters.requests, 1);
  own.releaseUnused();
  t.ok(own.connection !== null, 'it is in use');
  own.cancel();
});

t.test('a fence that is answered next: the connection goes back when it is', async (t) => {
  const { begun, session, asked } = await setup(t);
  const own = begun();
  const waiter = new Waiter();
  for (const token of [1, 2]) {
    ask(own, waiter, token, 'EVAL');
    own.fence();
  }
  await answered(waiter, 2);
  await until(() => own.connection === null, 'the end');
  t.strictSame(session.heard, ['reserved', 'released']);
  const secrets = asked.filter((line) => line.includes('PING')).map((line) => line.split(' ')[2]);
  t.equal(new Set(secrets).size, 2, 'no two are the same');
});

t.test('anything but the answer to the fence closes the connection; a node that refuses it is not to blame', async (t) => {
  const cases: [string, string, string[]][] = [
    ['a second reply', '+one\r\n+two\r\n', ['broken more than one reply to a script']],
    ['another bulk', `+one\r\n$1\r\nx\r\n`, ['broken more than one reply to a script']],
    ['an error', '+one\r\n-ERR what\r\n', ['broken more than one reply to a script']],
    ['a word like it', '+one\r\n-BUSYKEY what\r\n', ['broken more than one reply to a script']],
    ['busy', '+one\r\n-BUSY with another\r\n', []],
    ['access denied', '+one\r\n-NOPERM no\r\n', []],
  ];
  for (const [name, replies, said] of cases) {
    const { begun, session, owner, lane } = await setup(t, ({ args }) => (args[0] === 'EVAL' ? replies : undefined));
    const own = begun();
    const waiter = new Waiter();
    ask(own, waiter, 1, 'EVAL');
    own.fence();
    await until(() => own.connection === null, `the end: ${name}`);
    t.strictSame([waiter.heard, owner.heard], [['1 +one'], said], name);
    t.strictSame([session.heard, lane.reserved], [['reserved', 'released'], 0], name);
  }
});

t.test('the answer to a later fence is not taken for that of an earlier one', async (t) => {
  const second = gate();
  const fences: string[] = [];
  const { begun, owner } = await setup(t, async ({ args, connection }) => {
    if (args[0] !== 'PING') return;
    const answer = args[1] as string;
    fences.push(answer);
    if (fences.length === 1) return;
    await second.promise;
    connection.write(`+one\r\n$${answer.length}\r\n${answer}\r\n`);
  });
  const own = begun();
  const waiter = new Waiter();
  for (const token of [1, 2]) {
    ask(own, waiter, token, 'EVAL');
    own.fence();
  }
  await until(() => fences.length === 2, 'both fences');
  second.open();
  await until(() => own.connection === null, 'the end');
  t.strictSame(owner.heard, ['broken more than one reply to a script']);
});

t.test('a fence that is late closes the connection', async (t) => {
  const { begun, lane, session, waitAsked } = await setup(t, ({ args }) => (args[0] === 'EVAL' ? '+one\r\n' : undefined));
  const own = begun();
  const waiter = new Waiter();
  ask(own, waiter, 1, 'EVAL');
  own.fence();
  await waitAsked(2);
  await heard(waiter, 1);
  const heardAt = own.connection?.heardAt as number;
  lane.tick(heardAt + TIMEOUT_MS);
  t.equal(own.connection, null, 'though the node was heard since it was sent');
  t.strictSame(session.heard, ['reserved', 'released']);
});

t.test('pushes come to the session; what the node answers to what it is told does not', async (t) => {
  const { begun, session, asked } = await setup(t, ({ args }) => `>2\r\n+invalidate\r\n*0\r\n+${args[0]}\r\n`, {
    identity: { protocol: 3, database: 0 },
  });
  const own = begun();
  own.kept = true;
  own.tell(encode(['CLIENT', 'TRACKING', 'ON']));
  const waiter = new Waiter();
  ask(own, waiter, 1, 'GET');
  await answered(waiter, 1);
  t.strictSame(asked, ['0 CLIENT TRACKING ON', '0 GET']);
  t.strictSame(waiter.heard, ['1 +GET']);
  t.strictSame(session.heard, ['reserved', '>2\r\n+invalidate\r\n*0\r\n', '>2\r\n+invalidate\r\n*0\r\n']);
});
