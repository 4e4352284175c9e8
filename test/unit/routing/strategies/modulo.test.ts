import t from 'tap';
import { modulo } from '../../../../src/routing/strategies/modulo.ts';
import { build, ownerOf, ringNodes } from '../helpers.ts';

const NODES = ringNodes('zeta', ['b', 2], 'aa', 'server10', 'server9');

t.test('defaults', async (t) => {
  t.strictSame(modulo.options.parse({}), { hash: 'murmur', hash_tag: '{}', order: 'listed' });
  t.throws(() => modulo.options.parse({ order: 'random' }));
});

t.test('one partition a unit of weight, in the order asked for', async (t) => {
  t.strictSame([...build(modulo, NODES).owners], [0, 1, 1, 2, 3, 4]);
  t.strictSame([...build(modulo, NODES, { order: 'label' }).owners], [1, 1, 2, 0, 4, 3]);
});

t.test('hash mod total weight', async (t) => {
  const locator = build(modulo, NODES, { hash: 'crc32a' });
  t.equal(locator.locate(Buffer.from('apple'), 0, 5), 2838417488 % 6);
  t.equal(locator.locate(Buffer.from(''), 0, 0), 0);
  t.equal(ownerOf(locator, 'x{apple}'), locator.owners[2838417488 % 6]);
  t.strictSame(locator.explain?.(Buffer.from('apple')), ['hashed part: apple', 'crc32a: 2838417488', `mod 6: ${2838417488 % 6}`]);
  const plain = build(modulo, NODES, { hash: 'crc32a', hash_tag: '' });
  t.match(plain.explain?.(Buffer.from('x{a}')), ['hashed part: x{a} (hash tags are off)']);
});

t.test('weights that must be a mistake are refused', async (t) => {
  t.throws(() => build(modulo, ringNodes(['a', 4_294_967_296])), { message: /add up to 4294967296/ });
});
