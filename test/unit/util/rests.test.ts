import t from 'tap';
import { type Rank, type Rester, Rests } from '../../../src/util/rests.ts';
import { Turn } from '../../../src/util/turn.ts';
import { until } from '../../support/wait.ts';

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A rest, and a way to enter it that tells who was woken. */
function setup(host = { flooded: false }) {
  const rests = new Rests(new Turn(), host);
  const woken: string[] = [];
  /** Which newcomers had been woken by the end of each turn in which somebody was. */
  const byTurn: string[] = [];
  const enter = (name: string, { rank = 'bulk', stopped = false }: { rank?: Rank; stopped?: boolean } = {}): void => {
    const rester: Rester = {
      rank,
      wake() {
        woken.push(name);
        setImmediate(() => byTurn.push(woken.filter((each) => each >= 'x').join('')));
        return !stopped;
      },
    };
    rests.enter(rester);
  };
  return { woken, byTurn, enter };
}

t.test('two of the line go on in a turn, in order; those behind need no other event', async (t) => {
  const { woken, enter } = setup();
  for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
  t.same(woken, []);
  await turnEnd();
  t.same(woken, ['a', 'b']);
  enter('a');
  await turnEnd();
  t.same(woken, ['a', 'b', 'c', 'd']);
  await turnEnd();
  t.same(woken, ['a', 'b', 'c', 'd', 'e', 'a']);
  await turnEnd();
  t.equal(woken.length, 6);
});

t.test('who is urgent does not wait in line', async (t) => {
  const { woken, enter } = setup();
  for (const name of ['a', 'b', 'c']) enter(name);
  for (const name of ['x', 'y', 'z']) enter(name, { rank: 'urgent' });
  await turnEnd();
  t.same(woken, ['x', 'y', 'z', 'a', 'b']);
});

t.test('who was stopped takes nobody’s turn', async (t) => {
  const { woken, enter } = setup();
  enter('a', { stopped: true });
  enter('b');
  enter('c', { stopped: true });
  enter('d');
  await turnEnd();
  t.same(woken, ['a', 'b', 'c', 'd']);
});

t.test('newcomers and those known to bring much go on one by one', async (t) => {
  const { woken, enter } = setup();
  for (const name of ['a', 'b', 'c']) enter(name);
  for (const name of ['x', 'y']) enter(name, { rank: 'newcomer' });
  await turnEnd();
  t.same(woken, ['x', 'a']);
  await turnEnd();
  t.same(woken, ['x', 'a', 'y', 'b']);
  await turnEnd();
  t.same(woken, ['x', 'a', 'y', 'b', 'c']);
});

t.test('newcomers among themselves go on two in a turn, and whoever was stopped takes no place of others', async (t) => {
  const { woken, enter } = setup();
  enter('v', { rank: 'newcomer', stopped: true });
  for (const name of ['w', 'x', 'y']) enter(name, { rank: 'newcomer' });
  await turnEnd();
  t.same(woken, ['v', 'w', 'x']);
  await turnEnd();
  t.same(woken, ['v', 'w', 'x', 'y']);
});

t.test('in a flood newcomers go on one by one, not with every turn, and nobody else waits for them', async (t) => {
  const { woken, byTurn, enter } = setup({ flooded: true });
  for (const name of ['x', 'y', 'z']) enter(name, { rank: 'newcomer' });
  for (const name of ['a', 'b', 'c']) enter(name);
  await turnEnd();
  t.same(woken, ['a', 'b']);
  await until(() => woken.length === 6, 'all to be woken');
  t.same(
    woken.filter((name) => name >= 'x'),
    ['x', 'y', 'z'],
  );
  await turnEnd();
  t.same(
    byTurn.filter((names, i) => names !== '' && names !== byTurn[i - 1]),
    ['x', 'xy', 'xyz'],
  );
});

t.test('in a flood a newcomer that was stopped takes nobody’s turn; the others go on when the flood has gone', async (t) => {
  const host = { flooded: true };
  const { woken, enter } = setup(host);
  enter('v', { rank: 'newcomer', stopped: true });
  for (const name of ['w', 'x', 'y', 'z']) enter(name, { rank: 'newcomer' });
  await until(() => woken.length > 0, 'the first to be woken');
  t.same(woken.slice(0, 2), ['v', 'w']);
  host.flooded = false;
  await until(() => woken.length === 5, 'the others');
  t.same(woken, ['v', 'w', 'x', 'y', 'z']);
});
