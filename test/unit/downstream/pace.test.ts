import t from 'tap';
import { Pace, PacePool } from '../../../src/downstream/pace.ts';
import { tick } from '../../../src/util/clock.ts';

const BULK = 256 * 1024;
tick();

const limits = (inFlightMax: number) => ({ inFlightMax, unsentBytesMax: 1024 * 1024 });

/** Requests that are admitted in a row, up to 5000. */
function admitted(pace: Pace): number {
  let owed = 0;
  while (owed < 5000 && pace.admits(owed)) owed++;
  return owed;
}

t.test('8 before the first reply, then up to the limit', async (t) => {
  const pace = new Pace(limits(4096), new PacePool());
  t.equal(admitted(pace), 8);
  pace.learn(5);
  t.equal(admitted(pace), 4096);
  t.notOk(pace.asksBulk);
  t.equal(admitted(new Pace(limits(4), new PacePool())), 4, 'never more than the limit');
});

t.test('of many clients that have had no reply only 8 may ask for more than one', async (t) => {
  const pool = new PacePool();
  const paces = Array.from({ length: 9 }, () => new Pace(limits(4096), pool));
  const counts = paces.map(admitted);
  t.same(new Set(counts.slice(0, 8)), new Set([8]));
  t.equal(counts[8], 1);
  paces[0]?.learn(5);
  t.equal(admitted(paces[8] as Pace), 8, 'an answer sets one free');
  paces[1]?.release();
  paces[1]?.release();
  t.equal(pool.grants, 7, 'once each');
});

t.test('after a bulk reply: one at a time, until there were four others; and one for each new client', async (t) => {
  const pool = new PacePool();
  const pace = new Pace(limits(4096), pool);
  for (let i = 0; i < 100; i++) pace.learn(10);
  pace.learn(BULK);
  t.equal(admitted(pace), 1);
  t.equal(admitted(new Pace(limits(4096), pool)), 1);
  for (let i = 0; i < 4; i++) {
    t.ok(pace.asksBulk, `${i} small ones later`);
    pace.learn(10);
  }
  t.notOk(pace.asksBulk);
  pool.bulkAt -= 10_000;
  t.equal(admitted(new Pace(limits(4096), pool)), 8);
});

t.test('newcomers without a grant are set aside, one request at a time, until they are answered', async (t) => {
  const pool = new PacePool();
  const paces = Array.from({ length: 9 }, () => new Pace(limits(4096), pool));
  t.same(new Set(paces.slice(0, 8).map((pace) => pace.goesAside())), new Set([false]), 'with a grant');
  const last = paces[8] as Pace;
  t.ok(last.goesAside() && last.single);
  paces[0]?.learn(5);
  t.ok(last.goesAside() && !last.admits(1), 'a grant comes too late: its requests would overtake each other');
  last.learn(5);
  t.notOk(last.goesAside() || last.single);
  t.equal(admitted(last), 4096);
});

t.test('while bulk replies come every newcomer is set aside, nobody who is known', async (t) => {
  const pool = new PacePool();
  const [known, granted, bulk] = [new Pace(limits(4096), pool), new Pace(limits(4096), pool), new Pace(limits(4096), pool)];
  known.learn(5);
  t.notOk(granted.goesAside());
  bulk.learn(BULK);
  const newcomer = new Pace(limits(4096), pool);
  t.same([known.goesAside(), granted.goesAside(), bulk.goesAside(), newcomer.goesAside()], [false, false, false, true]);
  t.equal(admitted(granted), 8, 'what was granted stays so');
  pool.bulkAt -= 10_000;
  t.ok(newcomer.goesAside() && !newcomer.admits(1), 'what it has asked for is still on its way');
});

t.test('a client whose requests failed is where it began', async (t) => {
  const pool = new PacePool();
  const pace = new Pace(limits(4096), pool);
  t.equal(admitted(pace), 8);
  pace.release();
  t.same([pool.grants, pace.window], [0, 1]);
  pool.grants = 8;
  t.ok(pace.goesAside(), 'as a newcomer');
});

t.test('a reply in parts counts once it is bulk, or whole', async (t) => {
  const pace = new Pace(limits(4096), new PacePool());
  pace.learnPart(BULK - 1, false);
  t.equal(pace.window, 1, 'nothing is known yet');
  pace.learnPart(BULK, false);
  t.ok(pace.asksBulk);
  const other = new Pace(limits(4096), new PacePool());
  other.learnPart(40_000, true);
  t.same([other.window, other.asksBulk], [26, false]);
});

t.test('the window narrows with the size of replies, and widens again behind small ones', async (t) => {
  const pace = new Pace({ inFlightMax: 4096, unsentBytesMax: 1024 * 1024 }, new PacePool());
  pace.learn(256);
  t.equal(admitted(pace), 4096, 'as many as fit');
  pace.learn(1024);
  t.equal(admitted(pace), 1024);
  pace.learn(100 * 1024);
  t.equal(admitted(pace), 10, 'not more than the client may leave untaken');
  pace.learn(5);
  t.ok(admitted(pace) < 20, 'one small reply proves little');
  for (let i = 0; i < 100; i++) pace.learn(5);
  t.equal(admitted(pace), 4096);
});

t.test('a client that may have one request in flight is known after its first reply, too', async (t) => {
  const pace = new Pace({ inFlightMax: 1, unsentBytesMax: 1024 * 1024 }, new PacePool());
  pace.learn(5);
  t.ok(pace.shares);
});
