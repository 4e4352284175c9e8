import fc from 'fast-check';
import t from 'tap';
import { CAREFUL, digitsOf, parseInt64, quickLength } from '../../../src/protocol/header.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';

/** Parses a text in the midst of digits, so that reading past an end shows. */
function parsed(text: string): number {
  return parseInt64(latin1(`9${text}9`), 1, 1 + text.length);
}

/** Exact up to 2^53, close beyond. */
function near(actual: number, expected: number): boolean {
  if (Number.isNaN(expected) || Math.abs(expected) <= 2 ** 53) return Object.is(actual, expected);
  return Math.abs(actual - expected) / Math.abs(expected) < 1e-14;
}

/** What Redis' string2ll takes, by BigInt. */
function reference(text: string): number {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return Number.NaN;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? Number(value) : Number.NaN;
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

t.test('the edges of 64 bits', async (t) => {
  for (const edge of [MIN, MAX, 0n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 53n, 10n ** 18n, 10n ** 19n, 2n ** 64n, 10n ** 20n]) {
    for (let by = -3n; by <= 3n; by++) {
      const text = String(edge + by);
      t.ok(near(parsed(text), reference(text)), `${text}: ${parsed(text)}`);
    }
  }
  t.ok(Number.isNaN(parsed('9223372036854775808')));
  t.ok(Number.isNaN(parsed('-9223372036854775809')));
});

t.test('what is no number', async (t) => {
  for (const text of [
    '',
    '-',
    '+1',
    '--1',
    '-0',
    '00',
    '01',
    '-01',
    ' 1',
    '1 ',
    '1\0',
    '1.0',
    '1e3',
    '0x1',
    'a',
    '/',
    ':',
    '1/',
    '1:',
    '\xb1',
  ]) {
    t.ok(Number.isNaN(parsed(text)), JSON.stringify(text));
  }
  t.ok(Number.isNaN(parsed('123456789012345678901')), '21 characters');
  t.ok(Number.isNaN(parsed('1'.repeat(20))), '20 digits');
});

t.test('equals BigInt for any digits', async (t) => {
  const digits = fc.stringMatching(/^-?[0-9]{0,21}$/);
  const edges = fc
    .tuple(fc.constantFrom(MIN, MAX, 0n), fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }))
    .map(([edge, by]) => String(edge + by));
  const odd = fc.string({ unit: fc.constantFrom(...'0123456789-+ \0:/'.split('')), maxLength: 21 });
  await holds(
    t,
    'parseInt64',
    fc.property(fc.oneof(digits, edges, odd), (text) => near(parsed(text), reference(text))),
    { runs: 3000 },
  );
});

t.test('the quick path says the same as the careful one, or nothing', async (t) => {
  const text = fc.oneof(
    fc.stringMatching(/^[0-9]{1,12}\r\n$/),
    fc
      .tuple(fc.stringMatching(/^[0-9]{0,11}$/), fc.constantFrom('', '\r', '\n', '\r\r', ' \r\n', 'x\r\n', '\r\n'))
      .map((parts) => parts.join('')),
  );
  await holds(
    t,
    'quickLength',
    fc.property(text, fc.nat(14), (text, size) => {
      const buf = latin1(`$${text}1\r\n`);
      const to = 1 + Math.min(size, text.length);
      const visible = text.slice(0, to - 1);
      const value = quickLength(buf, 1, to);
      const end = visible.indexOf('\r\n');
      if (value === CAREFUL) return !/^(0|[1-9][0-9]{0,7})\r\n/.test(visible);
      return end >= 0 && value === parseInt64(buf, 1, 1 + end) && digitsOf(value) === end;
    }),
    { runs: 3000 },
  );
  t.equal(quickLength(latin1('$123456789\r\n'), 1, 12), 123456789, 'nine digits are common enough');
  t.equal(quickLength(latin1('$1234567890\r\n'), 1, 13), CAREFUL, 'ten are not');
  t.equal(quickLength(latin1('$'), 1, 1), CAREFUL);
});

t.test('digits are counted right on both sides of each power of ten', async (t) => {
  for (let power = 1; power < 1e9; power *= 10) {
    for (const value of [power - 1, power, power + 1]) t.equal(digitsOf(value), String(value).length, String(value));
  }
  t.equal(digitsOf(999_999_999), 9);
});
