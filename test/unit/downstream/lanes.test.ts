import t from 'tap';
import { type LaneSet, type LaneSets, Lanes } from '../../../src/downstream/lanes.ts';
import type { Connection } from '../../../src/upstream/connection.ts';
import type { Keeper } from '../../../src/upstream/connection-contract.ts';
import type { Identity } from '../../../src/upstream/identity.ts';
import type { SharedLane } from '../../../src/upstream/lane.ts';
import type { LeaseTaker } from '../../../src/upstream/leases.ts';
import type { ReservedLane } from '../../../src/upstream/reserved-lane.ts';

/** A connection that hears nothing, and tells its keeper of its end. */
class Wire {
  keeper: Keeper | null = null;
  closed = false;
  destroy(): void {
    this.closed = true;
    this.keeper?.onLost('gone');
  }
  send(): boolean {
    return true;
  }
}

/** A shared lane whose reserved connections come when the test says so. */
class Shared {
  readonly node: string;
  readonly line: LeaseTaker[] = [];
  readonly back: unknown[] = [];
  constructor(node: string) {
    this.node = node;
  }
  reserve(taker: LeaseTaker): void {
    this.line.push(taker);
  }
  cancel(taker: LeaseTaker): void {
    this.line.splice(this.line.indexOf(taker), 1);
  }
  giveBack(connection: unknown): void {
    this.back.push(connection);
  }
  countRequests(): void {}
  isFullFor(): boolean {
    return false;
  }
  grant(): Wire {
    const wire = new Wire();
    this.line.shift()?.onLease(wire as unknown as Connection);
    return wire;
  }
}

interface TestSet {
  readonly identity: Identity;
  readonly lanes: readonly Shared[];
  sessions: number;
}

const setOf = (database: number): TestSet => ({
  identity: { protocol: 2, database },
  lanes: ['a', 'b', 'c'].map((name) => new Shared(`${name}${database}`)),
  sessions: 0,
});

function setup() {
  const [first, other] = [setOf(0), setOf(5)];
  const heard: string[] = [];
  const real = (set: TestSet): LaneSet => set as unknown as LaneSet;
  const keep = (set: LaneSet): LaneSet => {
    set.sessions++;
    return set;
  };
  const sets: LaneSets = {
    first: real(first),
    enter: ({ database }) => (database > 5 ? null : keep(real(database === 0 ? first : other))),
    enterFirst: () => keep(real(first)),
    keep,
    leave: (set) => set.sessions--,
  };
  const lanes = new Lanes(sets, {
    onLaneReady: () => heard.push('ready'),
    onInvalidation: (buf, start, end) => heard.push(buf.toString('latin1', start, end)),
    destroy: (reason) => heard.push(reason),
  });
  return { lanes, first, other, heard };
}

const names = (lanes: Lanes): string[] => lanes.at.map((lane) => lane.node + ('connection' in lane ? ' own' : ''));
const db = (database: number): Identity => ({ protocol: 2, database });

t.test('a connection of the session’s own stands in the place of the shared lane while it lasts', async (t) => {
  const { lanes, first, heard } = setup();
  const before = lanes.at;
  t.strictSame(names(lanes), ['a0', 'b0', 'c0']);
  const lane = lanes.reserve(1);
  t.ok(lanes.waiting);
  t.ok(lanes.own(1) === lane);
  t.strictSame(names(lanes), ['a0', 'b0', 'c0'], 'not before it is there');
  const wire = first.lanes[1]?.grant();
  t.notOk(lanes.waiting);
  t.strictSame([names(lanes), heard], [['a0', 'b0 own', 'c0'], ['ready']]);
  t.ok(lanes.shared[1] === (first.lanes[1] as unknown) && lanes.plain(1) === (first.lanes[1] as unknown));
  lane.release();
  t.strictSame(names(lanes), ['a0', 'b0', 'c0']);
  t.ok(lanes.own(1) === undefined);
  t.same(first.lanes[1]?.back, [wire]);
  t.ok(before[1] === (first.lanes[1] as unknown), 'what was looked at before stays as it was');
});

t.test('several are waited for until the last has come, or will not', async (t) => {
  const { lanes, first, heard } = setup();
  for (const node of [0, 1, 2]) lanes.reserve(node);
  first.lanes[2]?.grant();
  first.lanes[0]?.line.shift()?.onNoLease('queue_full');
  t.ok(lanes.waiting);
  t.strictSame(names(lanes), ['a0', 'b0', 'c0 own']);
  first.lanes[1]?.grant();
  t.notOk(lanes.waiting);
  t.same(heard, ['ready', 'ready', 'ready']);
  t.equal(lanes.own(0)?.failure, 'queue_full', 'for the request that has asked');
  lanes.forget(0);
  t.same(
    [...lanes.reserved()].map(({ index }) => index),
    [1, 2],
  );
});

t.test('what was used for nothing goes back; a lost one leaves its place to the shared lane', async (t) => {
  const { lanes, first, heard } = setup();
  const [used, unused] = [lanes.reserve(0), lanes.reserve(1)];
  const wires = [0, 1].map((node) => first.lanes[node]?.grant() as Wire);
  used.sendAlone(Buffer.alloc(0), 0, 0, null as never, 0, false);
  lanes.releaseUnused();
  t.strictSame(names(lanes), ['a0 own', 'b0', 'c0']);
  t.equal(unused.connection, null);
  wires[0]?.destroy();
  t.strictSame(names(lanes), ['a0', 'b0', 'c0']);
  t.notOk(heard.includes('tracking_lost'));
});

t.test('invalidations come to the session; a lost connection that was tracked on ends it', async (t) => {
  const { lanes, first, heard } = setup();
  const lane = lanes.reserve(0);
  const wire = first.lanes[0]?.grant();
  lane.kept = true;
  wire?.keeper?.onPush(Buffer.from('#push#'), 1, 5);
  wire?.destroy();
  t.strictSame(heard, ['ready', 'push', 'tracking_lost']);
});

t.test('another identity: other lanes; what is reserved stays behind, and is not missed', async (t) => {
  const { lanes, first, other, heard } = setup();
  const [kept, unused] = [lanes.reserve(0), lanes.reserve(1)];
  lanes.reserve(2);
  const wires = [0, 1].map((node) => first.lanes[node]?.grant() as Wire);
  kept.kept = true;
  kept.sendAlone(Buffer.alloc(0), 0, 0, null as never, 0, false);
  heard.length = 0;
  t.equal(lanes.enter(db(5)), true);
  t.strictSame([names(lanes), lanes.identity], [['a5', 'b5', 'c5'], db(5)]);
  t.same([first.sessions, other.sessions], [0, 1]);
  t.same([wires[0]?.closed, wires[1]?.closed, first.lanes[1]?.back], [true, false, [wires[1]]], 'what may have state is closed');
  t.same([first.lanes[2]?.line, lanes.waiting, [...lanes.reserved()], unused.connection], [[], false, [], null]);
  t.strictSame(heard, [], 'nobody is told');
  t.equal(lanes.enter(db(6)), false, 'too many');
  t.strictSame([names(lanes), other.sessions], [['a5', 'b5', 'c5'], 1], 'nothing has changed');
  t.equal(lanes.plain(1)?.node, 'b0');
});

t.test('reset, it is where every session begins', async (t) => {
  const { lanes, first, other } = setup();
  lanes.enter(db(5));
  lanes.reserve(1);
  other.lanes[1]?.grant();
  lanes.reset();
  t.strictSame([names(lanes), lanes.identity], [['a0', 'b0', 'c0'], db(0)]);
  t.same([first.sessions, other.sessions, other.lanes[1]?.back.length], [1, 0, 1]);
  lanes.reset();
  t.same([first.sessions, other.sessions], [1, 0]);
});

t.test('an identity is kept at hand beside the one in use', async (t) => {
  const { lanes, first, other } = setup();
  const drop = lanes.keep();
  lanes.enter(db(5));
  t.same([first.sessions, other.sessions], [1, 1]);
  drop();
  t.same([first.sessions, other.sessions], [0, 1]);
});

t.test('a session that has left: nothing is its own, nothing counts it, and it takes nothing new', async (t) => {
  const { lanes, first, other, heard } = setup();
  const [used] = [lanes.reserve(0), lanes.reserve(1), lanes.reserve(2)] as [ReservedLane, ...ReservedLane[]];
  const wire = first.lanes[0]?.grant();
  const late = first.lanes[2]?.line[0];
  used.kept = true;
  used.sendAlone(Buffer.alloc(0), 0, 0, null as never, 0, false);
  heard.length = 0;
  lanes.close();
  t.same([wire?.closed, first.lanes[1]?.line, first.lanes[2]?.line, first.sessions], [true, [], [], 0]);
  t.strictSame(heard, []);
  const tooLate = new Wire();
  late?.onLease(tooLate as unknown as Connection);
  t.same([first.lanes[2]?.back, heard], [[tooLate], []]);
  t.equal(lanes.enter(db(5)), false);
  t.equal(other.sessions, 0);
});

t.test('several sessions have lanes of their own', async (t) => {
  const { lanes, first } = setup();
  const shared = first.lanes as unknown as readonly SharedLane[];
  lanes.reserve(0);
  first.lanes[0]?.grant();
  t.ok(lanes.shared === shared && shared[0] === (first.lanes[0] as unknown), 'what is shared is left alone');
});
