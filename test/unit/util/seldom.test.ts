import t from 'tap';
import { Seldom } from '../../../src/util/seldom.ts';

t.test('now, and again only after the time', async (t) => {
  let time = 5;
  t.intercept(performance, 'now', { value: () => time });
  const seldom = new Seldom(100);
  t.same([seldom.now(), seldom.now()], [true, false]);
  time = 104.9;
  t.notOk(seldom.now());
  time = 105;
  t.same([seldom.now(), seldom.now()], [true, false]);
  time = 204;
  t.notOk(seldom.now());
});
