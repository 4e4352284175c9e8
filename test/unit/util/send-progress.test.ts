import t from 'tap';
import { clock } from '../../../src/util/clock.ts';
import { SendProgress } from '../../../src/util/send-progress.ts';
import type { Queued } from '../../../src/util/send-queues.ts';
import type { SocketSink } from '../../../src/util/socket-sink.ts';

/** A progress over a socket and a kernel that the test plays. */
function setUp() {
  const sink = { writableLength: 0, left: 0, givenBytes: 0, inode: 1 };
  const asked: Queued[] = [];
  const urgent: boolean[] = [];
  const ask = (socket: Queued, isUrgent: boolean): void => {
    asked.push(socket);
    urgent.push(isUrgent);
  };
  const progress = new SendProgress(sink as unknown as SocketSink, { ask });
  clock.now = 1000;
  return {
    sink,
    asked,
    urgent,
    progress,
    /** The kernel tells what it holds; `taken` is what it takes while it is asked. */
    look(queued: number | null, taken = 0) {
      const socket = asked.pop() as Queued;
      socket.beginLook();
      sink.givenBytes += taken;
      return socket.endLook(queued);
    },
    unsent(bytes: number) {
      sink.writableLength = bytes;
      sink.left = bytes;
    },
    /** 500 bytes are the kernel's, 100 are unsent, and a look is asked for. */
    fallBehind() {
      sink.givenBytes = 500;
      sink.writableLength = 100;
      sink.left = 100;
      progress.stalledSince();
      progress.stalledSince();
    },
  };
}

t.test('by what the kernel takes, where it tells no more', async (t) => {
  const { sink, progress, unsent } = setUp();
  t.equal(progress.stalledSince(), Number.POSITIVE_INFINITY, 'nothing is unsent');
  sink.writableLength = 10;
  t.equal(progress.stalledSince(), Number.POSITIVE_INFINITY, 'all is taken, only not told yet');
  unsent(10);
  const began = progress.stalledSince();
  t.equal(began, clock.now);
  clock.now += 1000;
  t.equal(progress.stalledSince(), began, 'no progress');
  sink.left = 4;
  t.equal(progress.stalledSince(), clock.now, 'some of it was taken');
});

t.test('whoever is behind twice is looked at, once at a time', async (t) => {
  const { asked, progress, unsent, look } = setUp();
  unsent(10);
  progress.stalledSince();
  t.equal(asked.length, 0, 'it may be behind for a moment only');
  progress.stalledSince();
  progress.stalledSince();
  t.equal(asked.length, 1);
  look(null);
  clock.now += 1000;
  t.equal(progress.stalledSince(), clock.now - 1000, 'what the kernel has taken counts where nothing else is known');
  t.equal(asked.length, 1, 'it is asked again');
});

t.test('a look that fails changes nothing for a while; then what the kernel takes counts', async (t) => {
  const { sink, progress, unsent, look } = setUp();
  sink.givenBytes = 500;
  unsent(100);
  progress.stalledSince();
  for (let taken = 400; taken > 200; taken -= 25) {
    progress.stalledSince();
    look(taken);
    clock.now += 1000;
  }
  progress.stalledSince();
  look(null);
  t.equal(progress.stalledSince(), clock.now, 'it had acknowledged something at the last look');
  clock.now += 30_000;
  t.equal(progress.stalledSince(), clock.now - 38_000, 'nothing is known any more');
});

t.test('where the kernel is not to be asked', async (t) => {
  const sink = { writableLength: 10, left: 10, givenBytes: 0, inode: 1 };
  const progress = new SendProgress(sink as unknown as SocketSink, null);
  const began = progress.stalledSince();
  clock.now += 1000;
  t.equal(progress.stalledSince(), began);
});

t.test('by what the other side acknowledges, where the kernel tells', async (t) => {
  const { sink, progress, unsent, look, fallBehind } = setUp();
  fallBehind();
  t.notOk(look(400), 'the first look shows no standing still');
  const first = clock.now;
  clock.now += 1000;
  unsent(50);
  sink.givenBytes = 550;
  progress.stalledSince();
  t.ok(look(450), 'it stands still');
  t.equal(progress.stalledSince(), first, 'the kernel has taken 50 more, the other side nothing');
  clock.now += 1000;
  t.equal(progress.stalledSince(), clock.now - 1000, 'no longer than the last look has shown');
  t.notOk(look(449));
  t.equal(progress.stalledSince(), clock.now, 'it has taken a byte, the kernel nothing');
});

t.test('what the kernel takes during a look is not progress', async (t) => {
  const { progress, look, fallBehind } = setUp();
  fallBehind();
  look(400);
  const first = clock.now;
  clock.now += 1000;
  progress.stalledSince();
  look(450, 50);
  t.equal(progress.stalledSince(), first);
});

t.test('more is to follow: then also who has nothing unsent', async (t) => {
  const { sink, progress, look } = setUp();
  sink.givenBytes = 500;
  progress.stalledSince(true);
  t.equal(progress.stalledSince(true), Number.POSITIVE_INFINITY, 'nothing is known yet');
  look(400);
  const first = clock.now;
  clock.now += 1000;
  progress.stalledSince(true);
  look(400);
  t.equal(progress.stalledSince(true), first);
  look(0);
  t.equal(progress.stalledSince(true), clock.now, 'it has taken all there was');
  clock.now += 1000;
  look(0);
  t.equal(progress.stalledSince(true), clock.now, 'it waits for us, not we for it');
  t.equal(progress.stalledSince(), Number.POSITIVE_INFINITY);
});

t.test('a stall of before does not count for what is sent later', async (t) => {
  const { sink, progress, unsent, look, fallBehind } = setUp();
  fallBehind();
  look(50);
  unsent(0);
  progress.stalledSince();
  clock.now += 60_000;
  sink.givenBytes = 600;
  unsent(100);
  t.equal(progress.stalledSince(), clock.now);
  progress.stalledSince();
  look(150, 50);
  t.equal(progress.stalledSince(), clock.now, 'whatever was outstanding before');
});

t.test('what the other side takes is told, as far as a look can show it', async (t) => {
  const { sink, progress, look, unsent } = setUp();
  const sights: string[] = [];
  progress.onSight = (sight) => sights.push(sight);
  const KIB = 1024;
  unsent(100);
  const lookAgain = (queued: number | null): string[] => {
    clock.now += 1000;
    progress.stalledSince();
    progress.stalledSince();
    look(queued);
    return sights.splice(0);
  };
  sink.givenBytes = 300 * KIB;
  t.same(lookAgain(200 * KIB), ['little'], 'its kernel may have taken that, and much could not be outstanding');
  sink.givenBytes = 3000 * KIB;
  t.same(lookAgain(2900 * KIB), [], 'nothing since');
  t.same(lookAgain(2800 * KIB), ['something']);
  t.same(lookAgain(2744 * KIB), ['something'], 'in all still no more than its kernel may have taken');
  t.same(lookAgain(2744 * KIB - 1), ['taken'], 'a byte more');
  t.same(lookAgain(2744 * KIB - 1), []);
  t.same(lookAgain(2488 * KIB), ['something'], 'counted from what was told');
  sink.givenBytes += 1000 * KIB;
  t.same(lookAgain(3488 * KIB), [], 'it was given more, and took nothing');
  t.same(lookAgain(100 * KIB), ['taken']);
  t.same(lookAgain(0), ['little']);
  t.same(lookAgain(0), ['little']);
  t.same(lookAgain(null), ['taken'], 'what cannot be known is not held against anybody');
});

t.test('whoever is waited for is looked at now, once at a time', async (t) => {
  const { sink, asked, urgent, progress, look, unsent } = setUp();
  sink.givenBytes = 1000;
  progress.look();
  progress.look();
  t.same([asked.length, urgent], [1, [true]]);
  look(10);
  unsent(1);
  progress.stalledSince();
  t.same([asked.length, urgent], [1, [true, false]], 'others are in no hurry');
});

t.test('who is not behind any more by the end of the look has shown nothing', async (t) => {
  const { progress, look, unsent } = setUp();
  let sights = 0;
  progress.onSight = () => sights++;
  unsent(1);
  progress.stalledSince();
  progress.stalledSince();
  unsent(0);
  progress.stalledSince();
  look(0);
  t.equal(sights, 0);
});
