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
