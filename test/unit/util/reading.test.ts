import t from 'tap';
import { Reading } from '../../../src/util/reading.ts';
import type { Rank } from '../../../src/util/rests.ts';
import { Turn } from '../../../src/util/turn.ts';

const SHARE = 1024 * 1024;

/** A source and whether it flows. */
function setup(turn = new Turn(), rank: Rank = 'bulk', host = { flooded: false }) {
  const source = {
    flows: true,
    pause: () => {
      source.flows = false;
    },
    resume: () => {
      source.flows = true;
    },
  };
  return { source, reading: new Reading(source, turn, () => rank, host) };
}

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('who has brought its share rests until the turn is over', async (t) => {
  const { source, reading } = setup();
  reading.spend(SHARE - 1);
  t.ok(source.flows);
  t.notOk(reading.resting);
  reading.spend(1);
  t.notOk(source.flows);
  t.ok(reading.resting);
  await turnEnd();
  t.ok(source.flows);
  t.notOk(reading.resting);
  reading.spend(SHARE - 1);
  t.ok(source.flows, 'a share for each turn');
});

t.test('its owner’s word stands over the end of the rest', async (t) => {
  const { source, reading } = setup();
  reading.spend(SHARE);
  reading.stop();
  await turnEnd();
  t.notOk(source.flows);
  reading.go();
  t.ok(source.flows);
  reading.spend(SHARE);
  reading.stop();
  reading.go();
  t.notOk(source.flows, 'still resting');
  await turnEnd();
  t.ok(source.flows);
});

t.test('what large replies of many connections bring in a turn is bounded; small reads, who is urgent, and clients are not', async (t) => {
  const turn = new Turn();
  const [first, second, small] = [setup(turn), setup(turn), setup(turn, 'newcomer')];
  const [urgent, client] = [setup(turn, 'urgent'), setup(turn, 'client')];
  first.reading.spend(SHARE - 64 * 1024);
  second.reading.spend(64 * 1024);
  t.ok(first.source.flows, 'it has not brought its share, and nothing since the turn’s was spent');
  t.notOk(second.source.flows, 'the turn’s is spent');
  first.reading.spend(32 * 1024);
  t.notOk(first.source.flows);
  small.reading.spend(32 * 1024 - 1);
  urgent.reading.spend(64 * 1024);
  client.reading.spend(64 * 1024);
  t.ok(small.source.flows && urgent.source.flows && client.source.flows);
  await turnEnd();
  t.ok(first.source.flows && second.source.flows);
  second.reading.spend(SHARE / 2);
  t.ok(second.source.flows, 'a new turn has it all again');
  urgent.reading.spend(SHARE);
  client.reading.spend(SHARE);
  second.reading.spend(SHARE / 4);
  t.ok(second.source.flows, 'what comes to urgent ones and from clients takes nothing of it');
  t.notOk(client.source.flows, 'a share of its own');
});

t.test('in a flood newcomers have a quarter of a share for what is large, others all of it', async (t) => {
  const host = { flooded: true };
  const [newcomer, other] = [setup(new Turn(), 'newcomer', host), setup(new Turn(), 'bulk', host)];
  newcomer.reading.spend(SHARE / 4 - 32 * 1024);
  newcomer.reading.spend(32 * 1024 - 1);
  other.reading.spend(SHARE - 32 * 1024);
  t.ok(newcomer.source.flows && other.source.flows);
  newcomer.reading.spend(32 * 1024);
  t.notOk(newcomer.source.flows);
});
