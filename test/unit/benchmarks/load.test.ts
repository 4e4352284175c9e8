import t from 'tap';
import { Histogram } from '../../../benchmarks/load/histogram.ts';
import { mixedBatches } from '../../../benchmarks/load/mixed.ts';
import { ReplyCounter } from '../../../benchmarks/load/replies.ts';
import { OpenLoop, Schedule } from '../../../benchmarks/load/schedule.ts';
import { Random } from '../../support/random.ts';

t.test('histogram: percentiles of values up to 255 are exact', async (t) => {
  const histogram = new Histogram();
  t.ok(Number.isNaN(histogram.percentile(50)));
  for (let value = 1; value <= 100; value++) histogram.record(value);
  t.strictSame(
    [1, 50, 99, 99.9, 100].map((percent) => histogram.percentile(percent)),
    [1, 50, 99, 100, 100],
  );
  t.equal(histogram.count, 100);
});

t.test('histogram: others are at most 0.8 % too high, never too low, and never above the highest', async (t) => {
  for (const value of [255, 256, 257, 511, 512, 1000, 65_535, 65_536, 1_234_567, 2 ** 31, 2 ** 32 - 1]) {
    const histogram = new Histogram();
    histogram.record(value);
    histogram.record(2 ** 32 - 1);
    const found = histogram.percentile(50);
    t.ok(found >= value && found <= value * 1.008, `${value} is told as ${found}`);
  }
  const single = new Histogram();
  single.record(1000.4);
  t.equal(single.percentile(99), 1000);
  single.record(-3);
  single.record(2 ** 40);
  t.strictSame([single.percentile(1), single.max], [0, 2 ** 32 - 1], 'what does not fit is taken in');
});

t.test('histogram: against sorted values', async (t) => {
  const [histogram, random] = [new Histogram(), new Random(7)];
  const values = Array.from({ length: 20_000 }, () => random.below(random.below(1_000_000) + 1));
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  for (const percent of [10, 50, 90, 99, 99.9, 99.99]) {
    const exact = values[Math.ceil((percent / 100) * values.length) - 1] as number;
    const found = histogram.percentile(percent);
    t.ok(found >= exact && found <= exact * 1.008 + 1, `p${percent}: ${exact} is told as ${found}`);
  }
});

t.test('schedule: what is due, and when it was', async (t) => {
  const schedule = new Schedule(20_000, 2);
  t.equal(schedule.total, 40_000);
  t.strictSame(
    [-1, 0, 0.04, 0.05, 1, 1000, 9999].map((ms) => schedule.due(ms)),
    [0, 1, 1, 2, 21, 20_001, 40_000],
  );
  t.strictSame(
    [0, 1, 20, 20_000].map((index) => schedule.intendedMs(index)),
    [0, 0.05, 1, 1000],
  );
  for (let index = 0; index < schedule.total; index += 997) t.equal(schedule.due(schedule.intendedMs(index)), index + 1);
});

/** An open loop on a clock of its own, against a server that answers at once but sleeps between two times. */
function simulate(sleepFromMs: number, sleepUntilMs: number, options: { lose?: boolean; recordFromMs?: number } = {}) {
  const [histogram, lateness] = [new Histogram(), new Histogram()];
  const connections = 7;
  const waiting = new Array<number>(connections).fill(0);
  const loop = new OpenLoop({
    schedule: new Schedule(1000, 1),
    connections,
    recordFromMs: options.recordFromMs ?? 0,
    histogram,
    lateness,
    send: (connection) => {
      waiting[connection] = (waiting[connection] as number) + 1;
    },
  });
  for (let now = 0; now <= 1200 && !loop.finished; now++) {
    loop.sendDue(now);
    const asleep = now >= sleepFromMs && (options.lose || now < sleepUntilMs);
    if (!asleep)
      for (const [connection, count] of waiting.splice(0, connections, ...waiting.map(() => 0)).entries())
        loop.onReplies(connection, count, now);
  }
  return { loop, histogram, lateness };
}

t.test('open loop: without a stall nothing waits', async (t) => {
  const { loop, histogram } = simulate(0, 0);
  t.ok(loop.finished);
  t.strictSame([histogram.count, histogram.max], [1000, 0]);
});

t.test('open loop: a stall counts for every request meant to leave in it', async (t) => {
  const { loop, histogram, lateness } = simulate(200, 300);
  t.ok(loop.finished);
  t.equal(histogram.count, 1000);
  // Requests 200 to 299 were meant to leave in the stall and waited 100, 99 … 1 ms; a closed loop would have seen one wait for each connection.
  t.equal(histogram.max, 100_000);
  t.equal(lateness.max, 0, 'the sender does not wait for replies');
  t.equal(histogram.percentile(90), 0);
  const near = (percent: number, ms: number) => {
    const found = histogram.percentile(percent);
    t.ok(found >= ms * 1000 && found <= ms * 1008, `p${percent} is ${ms} ms, told as ${found} µs`);
  };
  near(95, 50);
  near(99, 90);
  near(99.9, 99);
});

t.test('open loop: what the sender itself is late is told apart', async (t) => {
  const [histogram, lateness] = [new Histogram(), new Histogram()];
  const schedule = new Schedule(1000, 0.2);
  const loop = new OpenLoop({ schedule, connections: 3, recordFromMs: 100, histogram, lateness, send: () => {} });
  loop.sendDue(100);
  t.equal(lateness.count, 1, 'request 100, on time; those before warm up');
  loop.sendDue(150);
  t.strictSame([lateness.count, lateness.max], [51, 49_000], 'request 101 was due at 101');
  t.equal(histogram.count, 0);
});

t.test('open loop: what was meant for the warm-up is not recorded', async (t) => {
  const { histogram } = simulate(0, 300, { recordFromMs: 250 });
  t.strictSame([histogram.count, histogram.max], [750, 50_000]);
});

t.test('open loop: what is never answered counts as waiting until the end', async (t) => {
  const { loop, histogram } = simulate(990, 0, { lose: true });
  t.notOk(loop.finished);
  t.equal(loop.giveUp(1200), 10);
  t.strictSame([histogram.count, histogram.max], [1000, 210_000]);
});

t.test('replies are counted whatever the cuts', async (t) => {
  const replies = [
    '+OK',
    '$5\r\nab\r\nc',
    '$-1',
    '$0\r\n',
    ':12',
    '*0',
    '*-1',
    '*2\r\n$3\r\nx\r\n\r\n*2\r\n+a\r\n$-1',
    '-ERR no $5',
    '*1\r\n*1\r\n*1\r\n:1',
  ];
  const bytes = Buffer.from(replies.map((reply) => `${reply}\r\n`).join(''));
  for (let size = 1; size <= bytes.length; size++) {
    const counter = new ReplyCounter();
    const room = Buffer.alloc(size + 8, '+x\r\n');
    let count = 0;
    for (let at = 0; at < bytes.length; at += size) {
      const end = Math.min(at + size, bytes.length);
      bytes.copy(room, 0, at, end);
      count += counter.feed(room, end - at);
    }
    t.equal(count, replies.length, `in pieces of ${size}`);
    t.equal(counter.errors, 1);
    t.ok('-ERR no $5'.startsWith(counter.firstError) && counter.firstError.startsWith('-'));
  }
  t.throws(() => new ReplyCounter().feed(Buffer.from('OK\r\n'), 4), /byte 79 does not begin a reply/);
});

t.test('the mix is the same every time, and whole requests', async (t) => {
  const batches = mixedBatches(16, 100, 1000);
  t.strictSame(batches, mixedBatches(16, 100, 1000));
  t.equal(batches.length, 63);
  const counter = new ReplyCounter();
  const requests = batches.reduce((sum, batch) => sum + counter.feed(batch, batch.length), 0);
  t.equal(requests, 63 * 16, 'a request is an array as a reply may be');
});
