import t from 'tap';
import { Credit } from '../../../src/downstream/credit.ts';
import { clock } from '../../../src/util/clock.ts';

const KIB = 1024;

function setUp() {
  const sink: { givenBytes: number; inode: number | null } = { givenBytes: 0, inode: 1 };
  const host = { flooded: true };
  clock.now = 100_000;
  return { sink, host, credit: new Credit(sink, host) };
}

t.test('in a flood whoever was given much and not seen to take it has none, until it is seen', async (t) => {
  const { sink, credit } = setUp();
  t.ok(credit.ask(), 'nothing was given yet');
  sink.givenBytes = 256 * KIB;
  t.ok(credit.ask(), 'so much is given to everybody');
  sink.givenBytes++;
  t.notOk(credit.ask());
  t.ok(credit.wanted);
  credit.see();
  t.notOk(credit.wanted);
  t.ok(credit.ask());
});

t.test('whoever was seen is trusted for five seconds, whatever it is given, and for as much again after that', async (t) => {
  const { sink, credit } = setUp();
  sink.givenBytes = 1000 * KIB;
  credit.see();
  sink.givenBytes = 9000 * KIB;
  clock.now += 5000;
  t.ok(credit.ask());
  clock.now++;
  t.notOk(credit.ask());
  credit.see();
  clock.now += 5001;
  sink.givenBytes += 256 * KIB;
  t.ok(credit.ask(), 'what was given before it was seen does not count');
});

t.test('where there is no flood everybody has credit', async (t) => {
  const { sink, host, credit } = setUp();
  sink.givenBytes = 9000 * KIB;
  t.notOk(credit.ask());
  host.flooded = false;
  t.ok(credit.ask());
  t.notOk(credit.wanted);
});

t.test('over other sockets than TCP everybody has credit: nothing would ever tell what is taken', async (t) => {
  const { sink, credit } = setUp();
  sink.givenBytes = 9000 * KIB;
  sink.inode = null;
  t.ok(credit.ask());
});

t.test('where too little is left to tell by it may be sent as much again, once', async (t) => {
  const { sink, credit } = setUp();
  sink.givenBytes = 300 * KIB;
  t.notOk(credit.ask());
  credit.forget();
  t.notOk(credit.wanted);
  t.ok(credit.ask());
  sink.givenBytes += 300 * KIB;
  t.notOk(credit.ask(), 'nobody was seen');
});
