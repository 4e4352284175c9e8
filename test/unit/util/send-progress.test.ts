import t from 'tap';
import { clock, tick } from '../../../src/util/clock.ts';
import { SendProgress } from '../../../src/util/send-progress.ts';
import type { SocketSink } from '../../../src/util/socket-sink.ts';

t.test('since when nothing of what is unsent was taken', async (t) => {
  const sink = { writableLength: 0, left: 0 };
  const progress = new SendProgress(sink as SocketSink);
  t.equal(progress.stalledSince(), Number.POSITIVE_INFINITY, 'nothing is unsent');
  sink.writableLength = 10;
  t.equal(progress.stalledSince(), Number.POSITIVE_INFINITY, 'all is taken, only not told yet');
  sink.left = 10;
  tick();
  const began = progress.stalledSince();
  t.equal(began, clock.now);
  clock.now += 1000;
  t.equal(progress.stalledSince(), began, 'no progress');
  sink.left = 4;
  t.equal(progress.stalledSince(), clock.now, 'some of it was taken');
});
