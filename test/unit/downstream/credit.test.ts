import t from 'tap';
import { Credit } from '../../../src/downstream/credit.ts';
import { clock } from '../../../src/util/clock.ts';

const KIB = 1024;

function setUp() {
  const sink = { givenBytes: 0 };
  const host = { crowded: true };
  clock.now = 100_000;
  return { sink, host, credit: new Credit(sink, host) };
}

t.test('in a crowd whoever was given much and not seen to take it has none, until it is seen', async (t) => {
  const { sink, credit } = setUp();
  t.ok(credit.given(), 'nothing was given yet');
  sink.givenBytes = 256 * KIB;
  t.ok(credit.given(), 'so much is given to everybody');
  sink.givenBytes++;
  t.notOk(credit.given());
  t.ok(credit.wanted);
  credit.see();
  t.notOk(credit.wanted);
  t.ok(credit.given());
});

t.test('whoever was seen is trusted for five seconds, whatever it is given, and for as much again after that', async (t) => {
  const { sink, credit } = setUp();
  sink.givenBytes = 1000 * KIB;
  credit.see();
  sink.givenBytes = 9000 * KIB;
  clock.now += 5000;
  t.ok(credit.given());
  clock.now++;
  t.notOk(credit.given());
  credit.see();
  clock.now += 5001;
  sink.givenBytes += 256 * KIB;
  t.ok(credit.given(), 'what was given before it was seen does not count');
});

t.test('where there is no crowd everybody has credit', async (t) => {
  const { sink, host, credit } = setUp();
  sink.givenBytes = 9000 * KIB;
  t.notOk(credit.given());
  host.crowded = false;
  t.ok(credit.given());
  t.notOk(credit.wanted);
});
