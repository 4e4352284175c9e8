import t from 'tap';
import { type Flushable, Turn } from '../../../src/util/turn.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function item(flushed: string[], name: string, work?: () => void): Flushable {
  return {
    dirty: false,
    flush() {
      flushed.push(name);
      work?.();
    },
  };
}

t.test('each is flushed once a turn, in the order of marking, not before the turn ends', async (t) => {
  const turn = new Turn();
  const flushed: string[] = [];
  const [a, b] = [item(flushed, 'a'), item(flushed, 'b')];
  turn.mark(b);
  turn.mark(a);
  turn.mark(b);
  t.same(flushed, []);
  t.ok(a.dirty && b.dirty);
  await Promise.resolve();
  t.same(flushed, [], 'not in a microtask');
  await nextTurn();
  t.same(flushed, ['b', 'a']);
  t.notOk(a.dirty || b.dirty);
  await nextTurn();
  t.same(flushed, ['b', 'a'], 'and not again');
  turn.mark(a);
  await nextTurn();
  t.same(flushed, ['b', 'a', 'a']);
});

t.test('what is marked while others are flushed waits for the next turn', async (t) => {
  const turn = new Turn();
  const flushed: string[] = [];
  const late = item(flushed, 'late');
  let again = true;
  const self = item(flushed, 'self', () => {
    if (again) turn.mark(self);
    again = false;
  });
  const first = item(flushed, 'first', () => {
    turn.mark(late);
    turn.mark(second);
  });
  const second = item(flushed, 'second');
  turn.mark(first);
  turn.mark(second);
  turn.mark(self);
  await nextTurn();
  t.same(flushed, ['first', 'second', 'self'], 'one that is still to be flushed is not entered again');
  await nextTurn();
  t.same(flushed, ['first', 'second', 'self', 'late', 'self']);
  await nextTurn();
  t.equal(flushed.length, 5);
});

t.test('many turns', async (t) => {
  const turn = new Turn();
  const flushed: string[] = [];
  const items = Array.from({ length: 50 }, (_, i) => item(flushed, `${i}`));
  for (let round = 0; round < 20; round++) {
    for (const each of items) turn.mark(each);
    await nextTurn();
  }
  t.equal(flushed.length, 1000);
});

t.test('a write waits for more where two were heard in the turn, for two turns', async (t) => {
  const turn = new Turn();
  const answers: boolean[][] = [];
  const asks: Flushable = {
    dirty: false,
    flush: () => {
      answers.push([0, 1, 2].map((turns) => turn.lingers(turns)));
    },
  };
  for (const reads of [0, 1, 2, 0]) {
    for (let i = 0; i < reads; i++) turn.hear();
    turn.mark(asks);
    await nextTurn();
  }
  t.same(answers, [
    [false, false, false],
    [false, false, false],
    [true, true, false],
    [false, false, false],
  ]);
});
