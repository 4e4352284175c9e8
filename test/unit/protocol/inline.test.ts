import fc from 'fast-check';
import t from 'tap';
import { splitInline } from '../../../src/protocol/inline.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';
import { inlineWords } from '../../fuzz/reference.ts';

/** Splits a line that stands between other bytes. */
function split(line: string): string[] | null {
  const words = splitInline(latin1(`"x ${line}" y`), 3, 3 + line.length);
  return words?.map((word) => word.toString('latin1')) ?? null;
}

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
  ["'a'\"b\"", null],
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

t.test('the rules of quotes and escapes', async (t) => {
  for (const [line, words] of LINES) {
    t.same(split(line), words, JSON.stringify(line));
    t.same(inlineWords(line), words, `reference: ${JSON.stringify(line)}`);
  }
});

t.test('any line', async (t) => {
  const unit = fc.oneof(fc.constantFrom(...' \t\r\n\v\f"\'\\xabnrt019afgAF'.split('')), fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)));
  await holds(
    t,
    'splitInline',
    fc.property(fc.string({ unit, maxLength: 30 }), (line) => JSON.stringify(split(line)) === JSON.stringify(inlineWords(line))),
    { runs: 5000 },
  );
});
