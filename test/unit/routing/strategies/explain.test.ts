import t from 'tap';
import { printable } from '../../../../src/routing/strategies/explain.ts';
import { bytes } from '../helpers.ts';

t.test('any key becomes one printable line, and different keys different lines', async (t) => {
  t.equal(printable(bytes('user:1 {a}')), 'user:1 {a}');
  t.equal(printable(bytes('a\r\n\0\x7f\xff\\')), 'a\\x0d\\x0a\\x00\\x7f\\xff\\x5c');
});
