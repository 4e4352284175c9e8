import t from 'tap';
import { inlineRequestsAreSplit, splitText } from '../../fuzz/properties.ts';
import { holds } from '../../fuzz/property.ts';
import { inlineWords } from '../../fuzz/reference.ts';

const LINES: readonly (readonly [line: string, words: readonly string[] | null])[] = [
  ['', []],
  [' \t\v\f\r\n ', []],
  ['PING', ['PING']],
  ['  GET   key  ', ['GET', 'key']],
  ['a\tb\rc\nd', ['a', 'b', 'c', 'd']],
  ['a\vb\fc', ['a\vb\fc']],
  ['a \v\fb', ['a', 'b']],
  ['SET k "a b"', ['SET', 'k', 'a b']],
  ['SET k ""', ['SET', 'k', '']],
  ["SET k ''", ['SET', 'k', '']],
  ['"\\n\\r\\t\\b\\a"', ['\n\r\t\b\x07']],
  ['"\\q\\"\\\\"', ['q"\\']],
  ['"\\x00\\xff\\xAf"', ['\x00\xff\xaf']],
  ['GET "x\\x4"', ['GET', 'xx4']],
  ['PING "ax\\xff"', ['PING', 'ax\xff']],
  ['"\\x"', ['x']],
  ['"\\xg0"', ['xg0']],
  ['"\\x4', null],
  ['"\\', null],
  ['"a\\"', null],
  ["'a\\nb'", ['a\\nb']],
  ["'it\\'s'", ["it's"]],
  ["'a\\\\'", null],
  ["'a\\\\ '", ['a\\\\ ']],
  ["'a\\'", null],
  ['foo"bar"', ['foobar']],
  ["foo'bar'", ['foobar']],
  ['foo"bar"baz', null],
  ['"a"b', null],
  ['"a""b"', null],
  ['\'a\'"b"', null],
  ['"a"\vb', ['a', 'b']],
  ['"', null],
  ["'", null],
  ['a"', null],
  ["don't", null],
  ['"\'"', ["'"]],
  ["'\"'", ['"']],
  ['\\n \\"a"', ['\\n', '\\a']],
  ['\xe9\x80 \x01', ['\xe9\x80', '\x01']],
];

t.test('row 16: the rules of quotes and escapes', async (t) => {
  for (const [line, words] of LINES) {
    t.same(splitText(line), words, JSON.stringify(line));
    t.same(inlineWords(line), words, `reference: ${JSON.stringify(line)}`);
  }
});

t.test('any line', async (t) => {
  await holds(t, 'splitInline', inlineRequestsAreSplit, { runs: 5000 });
});
