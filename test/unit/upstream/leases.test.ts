import t from 'tap';
import { Feed } from '../../../src/downstream/pubsub/feed.ts';
import type { Connection } from '../../../src/upstream/connection.ts';
import type { SharedLane } from '../../../src/upstream/lane.ts';
import { Leases, type LeaseTaker } from '../../../src/upstream/leases.ts';
import { ReservedLane } from '../../../src/upstream/reserved-lane.ts';
import { clock, tick } from '../../../src/util/clock.ts';

tick();

/** Remembers what it was given. */
class Taker implements LeaseTaker {
  got: Connection | string | null = null;
  onLease(lease: Connection): void {
    this.got = lease;
  }
  onNoLease(code: string): void {
    this.got = code;
  }
}

const connection = () => ({ lease: false, heardAt: clock.now }) as Connection;

/** Leases of connections that tell of their end; the detail of each end, and how many were opened. */
function mortal(max: number, freeMax: number) {
  const ends: string[] = [];
  const opened: Connection[] = [];
  const leases = new Leases(max, freeMax, () => {
    const lease = { lease: false, heardAt: clock.now, destroy } as Connection;
    opened.push(lease);
    return lease;
    function destroy(_code: string, detail: string): void {
      ends.push(detail);
      leases.onClosed(lease);
    }
  });
  const take = (): Taker => {
    const taker = new Taker();
    leases.take(taker);
    return taker;
  };
  return { leases, ends, opened, take };
}

t.test('first come, first served; whoever does not wait any more is passed over', async (t) => {
  const leases = new Leases(1, 1, connection);
  const [holder, gone, alsoGone, next, last] = Array.from({ length: 5 }, () => new Taker()) as [Taker, Taker, Taker, Taker, Taker];
  for (const taker of [holder, gone, alsoGone, next, last]) leases.take(taker);
  const lease = holder.got as unknown as Connection;
  t.ok(lease.lease);
  leases.cancel(gone);
  leases.cancel(alsoGone);
  leases.onIdle(lease);
  t.same([gone.got, alsoGone.got, next.got, last.got], [null, null, lease, null]);
  leases.onClosed(lease);
  t.ok(last.got !== null && last.got !== (lease as unknown), 'a lost one is replaced for the next');
});

t.test('who waits too long is told; later ones go on waiting', async (t) => {
  const leases = new Leases(0, 0, connection);
  const [early, late] = [new Taker(), new Taker()];
  leases.take(early);
  clock.now += 100;
  leases.take(late);
  t.equal(leases.refuse(clock.now, 'queue_full'), 1);
  t.same([early.got, late.got], ['queue_full', null]);
});

t.test('a session or a subscription that ends while it waits leaves the line', async (t) => {
  const line = new Set<LeaseTaker>();
  const lane = {
    node: 'a',
    reserve: (taker: LeaseTaker) => void line.add(taker),
    cancel: (taker: LeaseTaker) => void line.delete(taker),
  } as unknown as SharedLane;
  const reserved = new ReservedLane(0, lane, { onReserved() {}, onReleased() {}, onPush() {}, onKeptLost() {} });
  reserved.begin();
  const feed = new Feed(lane, { onMessage() {} });
  feed.subscribe('channel', ['c'], () => {});
  t.equal(line.size, 2);
  reserved.abandon();
  feed.close();
  t.equal(line.size, 0);
});

t.test('a free one is used before another is opened, the last used first; as many are kept as are allowed', async (t) => {
  const { leases, ends, opened, take } = mortal(3, 2);
  const [a, b, c] = [take().got, take().got, take().got] as unknown as [Connection, Connection, Connection];
  t.same([leases.size, leases.full, opened.length], [3, true, 3]);
  for (const lease of [a, b, c]) leases.onIdle(lease);
  t.strictSame(ends, ['one lease too many']);
  t.same([leases.size, leases.full], [2, false]);
  t.ok(take().got === (b as unknown) && take().got === (a as unknown));
  t.equal(opened.length, 3);
  t.ok(take().got !== null && opened.length === 4, 'the one too many has made room');
});

t.test('one that is lost while free is not given to anybody', async (t) => {
  const { leases, opened, take } = mortal(1, 1);
  const lease = take().got as unknown as Connection;
  leases.onIdle(lease);
  leases.onClosed(lease);
  t.equal(leases.size, 0);
  t.ok(take().got !== (lease as unknown));
  t.same([opened.length, leases.size], [2, 1]);
});

t.test('one that nobody has used for long is closed; one in use is not', async (t) => {
  const { leases, ends, take } = mortal(3, 3);
  const [used, old, recent] = [take(), take(), take()].map(({ got }) => got as unknown as { heardAt: number });
  for (const lease of [old, recent]) leases.onIdle(lease as Connection);
  (recent as { heardAt: number }).heardAt = clock.now + 10;
  leases.prune(clock.now + 5);
  t.strictSame(ends, ['not needed any more']);
  t.same([...leases.values()], [used, recent]);
});

t.test('to the shared connection and back', async (t) => {
  const { leases, take } = mortal(2, 2);
  t.equal(leases.promote(), undefined, 'none is free');
  const lease = take().got as unknown as Connection;
  t.equal(leases.promote(), undefined, 'it is in use');
  leases.onIdle(lease);
  t.ok(leases.promote() === lease);
  t.same([lease.lease, leases.size], [false, 0]);
  leases.adopt(lease);
  t.same([lease.lease, leases.size], [true, 1]);
  t.ok(take().got !== (lease as unknown), 'it is not free before it is idle');
  const waits = take();
  leases.onIdle(lease);
  t.ok(waits.got === (lease as unknown));
});

t.test('whoever is refused may ask again, and end the waiting of others', async (t) => {
  const { leases, take } = mortal(1, 1);
  const holder = take();
  const told: string[] = [];
  const gone = new Taker();
  const stubborn: LeaseTaker = {
    onLease: () => told.push('lease'),
    onNoLease: (code) => {
      told.push(code);
      leases.cancel(gone);
      if (told.length === 1) leases.take(stubborn);
    },
  };
  leases.take(stubborn);
  leases.take(gone);
  clock.now += 10;
  t.equal(leases.refuse(clock.now + 1, 'queue_full'), 1);
  t.strictSame([told, gone.got], [['queue_full'], null]);
  leases.onIdle(holder.got as unknown as Connection);
  t.strictSame(told, ['queue_full', 'lease'], 'it waits anew');
});

t.test('stopped: who waits is refused, before what is in use is closed', async (t) => {
  const { leases, ends, opened, take } = mortal(2, 2);
  const [, free, waits] = [take(), take(), take()];
  const other = take();
  leases.onIdle(free?.got as unknown as Connection);
  leases.stop();
  t.ok(waits?.got === free?.got);
  t.equal(other.got, 'not_sent');
  t.strictSame(ends, ['keyfan is stopping', 'keyfan is stopping']);
  t.same([leases.size, opened.length], [0, 2], 'none is opened for it');
});
