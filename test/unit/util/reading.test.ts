import t from 'tap';
import { Reading } from '../../../src/util/reading.ts';
import { Turn } from '../../../src/util/turn.ts';

const SHARE = 1024 * 1024;

/** A source and whether it flows. */
function setup() {
  const source = {
    flows: true,
    pause: () => {
      source.flows = false;
    },
    resume: () => {
      source.flows = true;
    },
  };
  return { source, reading: new Reading(source, new Turn(), () => false) };
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
