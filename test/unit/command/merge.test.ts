import fc from 'fast-check';
import t from 'tap';
import { MERGES } from '../../../src/command/merge.ts';
import { argument } from '../../fuzz/arbitraries.ts';
import { latin1 } from '../../fuzz/drive.ts';
import { holds } from '../../fuzz/property.ts';

function merged(name: keyof typeof MERGES, parts: readonly string[], order: readonly number[] = []): string | null {
  return MERGES[name](parts.map(latin1), Uint16Array.from(order), ['a', 'b', 'c', 'd'])?.toString('latin1') ?? null;
}

const NULL_3 = 'null of RESP3';
const bulk = (text: string | null): string => (text === null ? '$-1\r\n' : text === NULL_3 ? '_\r\n' : `$${text.length}\r\n${text}\r\n`);
const array = (items: readonly (string | null)[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`;

t.test('array: elements go back to the order of the keys', async (t) => {
  t.equal(merged('array', [array(['a', 'c', 'd']), array(['b', 'e'])], [0, 1, 0, 0, 1]), array(['a', 'b', 'c', 'd', 'e']));
  t.equal(merged('array', [array(['', null]), array(['*1\r\n$-1\r\n'])], [1, 0, 0]), array(['*1\r\n$-1\r\n', '', null]));
  const element = fc.oneof(fc.option(argument, { nil: null }), fc.constant(NULL_3));
  // Small and large ones.
  const whole = fc
    .array(fc.tuple(fc.nat(3), element), { minLength: 1, maxLength: 40 })
    .map((items) => (items.length % 5 > 0 ? items : [...items, [0, 'v'.repeat(20_000)] as [number, string]]));
  await holds(
    t,
    'any split of any elements',
    fc.property(whole, (items) => {
      const parts = [0, 1, 2, 3].map((part) => array(items.filter(([from]) => from === part).map(([, text]) => text)));
      const order = items.map(([from]) => from);
      return merged('array', parts, order) === array(items.map(([, text]) => text));
    }),
    { runs: 500 },
  );
});

t.test('array: replies of another shape are no reply at all', async (t) => {
  const rows: readonly (readonly [parts: readonly string[], order: readonly number[]])[] = [
    [
      [array(['a']), '+OK\r\n'],
      [0, 1],
    ],
    [
      [array(['a']), array([])],
      [0, 1],
    ],
    [
      [array(['a']), array(['b', 'c'])],
      [0, 1],
    ],
    [
      [array(['a']), array(['b', 'c'])],
      [0, 0, 1],
    ],
    [
      ['*1\r\n:5\r\n', array(['b'])],
      [0, 1],
    ],
    [
      ['*1\r\n*1\r\n$1\r\na\r\n', array(['b'])],
      [0, 1],
    ],
    [['*-1\r\n', array(['b'])], [1]],
    // The counts add up to the number of keys, yet one element is nobody's.
    [
      ['*-1\r\n', array(['b', 'c', 'secret'])],
      [1, 1],
    ],
    [['*-1\r\n', array(['b', 'c'])], [1]],
  ];
  for (const [parts, order] of rows) t.equal(merged('array', parts, order), null, `${JSON.stringify(parts)} for ${order}`);
});

t.test('status: only what all say', async (t) => {
  t.equal(merged('status', ['+OK\r\n', '+OK\r\n', '+OK\r\n']), '+OK\r\n');
  t.equal(merged('status', ['+OK\r\n', '+QUEUED\r\n']), null);
  t.equal(merged('status', ['+OK\r\n', ':1\r\n']), null);
});

t.test('sum', async (t) => {
  t.equal(merged('sum', [':1\r\n', ':2\r\n', ':0\r\n']), ':3\r\n');
  t.equal(merged('sum', [':0\r\n', ':0\r\n']), ':0\r\n');
  t.equal(merged('sum', [':1\r\n', '+OK\r\n']), null);
  t.equal(merged('sum', [':1\r\n', '$1\r\n1\r\n']), null);
  t.equal(merged('sum', [':1\r\n', ':x\r\n']), null);
  t.equal(merged('sum', [':9007199254740991\r\n', ':1\r\n']), null, 'rather nothing than a wrong number');
  t.equal(merged('sum', [':9007199254740990\r\n', ':1\r\n']), ':9007199254740991\r\n');
});

t.test('best: the copy that found most speaks for all', async (t) => {
  t.equal(merged('best', [':0\r\n', ':2\r\n', ':1\r\n']), ':2\r\n');
  t.equal(merged('best', ['+OK\r\n', '+OK\r\n']), '+OK\r\n');
  t.equal(merged('best', ['$-1\r\n', '$3\r\nold\r\n']), '$3\r\nold\r\n', 'a value rather than nil');
  t.equal(merged('best', ['*-1\r\n', '*0\r\n']), '*0\r\n');
  t.equal(merged('best', [':1\r\n', '$3\r\nold\r\n']), ':1\r\n', 'kinds are not compared');
  t.same(MERGES.best([latin1(':5\r\n')]), latin1(':5\r\n'));
  t.equal(merged('best', ['_\r\n', '$3\r\nold\r\n', '_\r\n']), '$3\r\nold\r\n', "RESP3's nil is none, either");
  t.equal(merged('best', ['_\r\n', '+OK\r\n']), '_\r\n', 'SET … NX: the first node decides');
  t.equal(merged('best', ['*1\r\n$-1\r\n', '*1\r\n$1\r\nv\r\n']), '*1\r\n$1\r\nv\r\n', 'HGETDEL: a field of which one has a copy');
  t.equal(merged('best', ['*2\r\n:-2\r\n:-2\r\n', '*2\r\n:1\r\n:-2\r\n']), '*2\r\n:1\r\n:-2\r\n', 'HEXPIRE');
});
