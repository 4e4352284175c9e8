import t from 'tap';
import { BackendCounters } from '../../../src/observe/counters.ts';
import { ReplyStream } from '../../../src/upstream/reply-stream.ts';
import type { Part, PartSource } from '../../../src/upstream/target.ts';
import type { Intake } from '../../../src/util/intake.ts';
import type { Reading } from '../../../src/util/reading.ts';
import { Waiter } from './helpers.ts';

const MIB = 1024 * 1024;
const BYTES = Buffer.alloc(MIB);

/** Takes parts until it is told not to; remembers where each might have been held. */
class Taker extends Waiter {
  wants = true;
  readonly sources: (PartSource | null)[] = [];
  constructor() {
    super(undefined, true);
  }
  override onPart(token: number, part: Part): boolean {
    if (!this.wants) return false;
    this.sources.push(part.source);
    return super.onPart(token, part);
  }
}

function setup(lease: boolean) {
  const done: string[] = [];
  const connection = { lease, closed: false, waiting: 0, onHuge: () => done.push('huge'), onResumed: () => done.push('resumed') };
  const intake = { streaming: false, chunks: false, mayHandOn: () => intake.chunks, handedOn: () => done.push('handed on') };
  const reading = { stop: () => done.push('stop'), go: () => done.push('go') };
  const counters = new BackendCounters();
  const stream = new ReplyStream(connection, intake as unknown as Intake, reading as unknown as Reading, counters);
  const pass = (size: number, last = false, needed = 0): void => stream.pass(BYTES, 0, size, last, needed);
  return { stream, connection, intake, counters, done, pass };
}

t.test('parts in their order, with what there is so far; one reply at a time', async (t) => {
  const { stream, intake, counters, pass } = setup(true);
  const taker = new Taker();
  stream.begin(taker, 3);
  t.ok(stream.active && intake.streaming && stream.isFor(taker.owner));
  pass(1000, false, 5000);
  pass(5000, true);
  t.strictSame(taker.heard, ['3 6000 bytes']);
  t.notOk(stream.active || intake.streaming || stream.isFor(taker.owner));
  stream.begin(taker, 4);
  pass(10, true);
  t.strictSame(taker.heard, ['3 6000 bytes', '4 10 bytes'], 'counted anew');
  t.equal(counters.delivered, 2);
});

t.test('whoever wants nothing more is offered nothing more, and the reply counts as dropped', async (t) => {
  const { stream, counters, pass, intake, done } = setup(true);
  intake.chunks = true;
  const taker = new Taker();
  stream.begin(taker, 1);
  pass(100);
  taker.wants = false;
  pass(100);
  taker.wants = true;
  pass(100, true);
  t.strictSame([taker.heard, taker.partBytes], [[], 100]);
  t.strictSame(done, ['handed on'], 'what was not taken is still the intake’s');
  stream.begin(null, 0);
  pass(100, true);
  t.same([counters.delivered, counters.dropped], [0, 2]);
});

t.test('only a huge reply can be held up, and only where nobody shares its way', async (t) => {
  const onLease = setup(true);
  const taker = new Taker();
  onLease.stream.begin(taker, 1);
  onLease.pass(1000, false, 8 * MIB - 1001);
  onLease.pass(1000, false, 8 * MIB - 2000);
  onLease.pass(1000, true);
  t.strictSame(
    taker.sources.map((source) => source !== null),
    [false, true, false],
    'and only while there is a rest',
  );
  taker.sources.length = 0;
  onLease.stream.begin(taker, 2);
  for (let i = 1; i <= 8; i++) onLease.pass(MIB, i === 8);
  t.same(new Set(taker.sources), new Set([null]), 'its last part comes too late');
  t.strictSame(onLease.done, []);
  const shared = setup(false);
  const other = new Taker();
  shared.stream.begin(other, 1);
  shared.pass(1000, false, 8 * MIB);
  t.same([other.sources, shared.done], [[null], ['huge']]);
  t.equal(shared.stream.hold(), false);
  shared.connection.lease = true;
  shared.pass(1000, false, 8 * MIB);
  t.ok(other.sources[1] === shared.stream, 'once it has become a lease');
});

t.test('held up, others may wait behind it; it goes on once', async (t) => {
  const { stream, connection, done, pass } = setup(true);
  stream.begin(new Taker(), 1);
  pass(1000, false, 8 * MIB);
  t.equal(stream.hold(), true);
  t.ok(stream.held);
  t.notOk(stream.crowded);
  connection.waiting = 1;
  t.ok(stream.crowded);
  stream.resume();
  stream.resume();
  t.strictSame(done, ['stop', 'resumed', 'go']);
  t.notOk(stream.held || stream.crowded);
  connection.closed = true;
  t.equal(stream.hold(), false);
});

t.test('cut off: told once, and only while a reply comes', async (t) => {
  const { stream, counters, pass } = setup(true);
  const taker = new Taker();
  stream.cutOff();
  stream.begin(taker, 1);
  pass(1000);
  stream.cutOff();
  stream.cutOff();
  t.strictSame(taker.heard, ['1 cut off']);
  stream.begin(null, 0);
  stream.cutOff();
  t.equal(counters.failed, 2);
});
