import fc from 'fast-check';
import t from 'tap';
import { bulkEnd, headerNumber, isArray, isError, isInteger, lineEnd } from '../../../src/protocol/element.ts';
import { resp2Reply } from '../../fuzz/arbitraries.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';
import { replyEnd } from '../../support/resp.ts';

const PAD = '$9\r\n';
const at = (reply: string): readonly [Buffer, number] => [latin1(PAD + reply + PAD), PAD.length];

t.test('bounds of bulks', async (t) => {
  for (const [reply, end] of [
    ['$3\r\nabc\r\n', 9],
    ['$0\r\n\r\n', 6],
    ['$-1\r\n', 5],
    ['_\r\n', 3],
    ['$4\r\n\r\n\r\n\r\n', 10],
    [`$10\r\n${'x'.repeat(10)}\r\n`, 17],
  ] as const) {
    t.equal(bulkEnd(...at(reply)), PAD.length + end, JSON.stringify(reply));
  }
  for (const other of ['+OK\r\n', ':1\r\n', '*1\r\n:1\r\n', '-ERR\r\n']) t.equal(bulkEnd(...at(other)), -1, JSON.stringify(other));
});

t.test('numbers', async (t) => {
  t.equal(headerNumber(...at(':42\r\n')), 42);
  t.equal(headerNumber(...at(':-42\r\n')), -42);
  t.equal(headerNumber(...at('*-1\r\n')), -1);
  t.equal(headerNumber(...at('*3\r\n:1\r\n:2\r\n:3\r\n')), 3);
  t.ok(Number.isNaN(headerNumber(...at('+OK\r\n'))));
  t.equal(lineEnd(...at('+OK\r\n')), PAD.length + 5);
});

t.test('any whole RESP2 reply', async (t) => {
  await holds(
    t,
    'elements',
    fc.property(resp2Reply, (reply) => {
      const [buf, start] = at(reply);
      const type = reply[0];
      if (type === '$' && bulkEnd(buf, start) !== replyEnd(buf, start)) return false;
      return isError(buf, start) === (type === '-') && isInteger(buf, start) === (type === ':') && isArray(buf, start) === (type === '*');
    }),
  );
});
