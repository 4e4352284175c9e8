import t from 'tap';
import { Seldom, SeldomEach } from '../../../src/util/seldom.ts';

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

t.test('each text by itself, and so many at most', async (t) => {
  let time = 5;
  t.intercept(performance, 'now', { value: () => time });
  const seldom = new SeldomEach(100, 2);
  const told = (texts: string): string => [...texts].filter((text) => seldom.now(text)).join('');
  t.equal(told('aabba'), 'ab');
  t.equal(told('cdca'), '', 'no room');
  time = 60;
  t.equal(told('abc'), '');
  time = 105;
  t.equal(told('cca'), 'ca');
  time = 150;
  t.equal(told('abc'), '');
  time = 205;
  t.equal(told('ba'), 'ba');
});
