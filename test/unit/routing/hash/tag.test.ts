import t from 'tap';
import { hashedPart, hashKey, parseTag } from '../../../../src/routing/hash/tag.ts';
import { bytes } from '../helpers.ts';

/** [hash_tag, key, the bytes that count] */
const CASES: readonly (readonly [string, string, string])[] = [
  ['{}', 'plain', 'plain'],
  ['{}', '{user1}:a', 'user1'],
  ['{}', 'x{user1}', 'user1'],
  ['{}', '{a}{b}', 'a'],
  ['{}', '{}{b}', '{}{b}'],
  ['{}', '{}', '{}'],
  ['{}', 'a{}b', 'a{}b'],
  ['{}', '{{a}}', '{a'],
  ['{}', '}{a}', 'a'],
  ['{}', 'a}b{', 'a}b{'],
  ['{}', 'open{a', 'open{a'],
  ['{}', 'close}', 'close}'],
  ['{}', '{', '{'],
  ['{}', '{\0}', '\0'],
  ['{}', '{\xff\xfe}x', '\xff\xfe'],
  ['$$', '$a$b', 'a'],
  ['$$', '$$a$', '$$a$'],
  ['$$', 'a$b', 'a$b'],
  ['""', '"a"b', 'a'],
  ['<>', '{a}b<c>', 'c'],
  ['', '{a}b', '{a}b'],
  ['', '', ''],
  ['{}', '', ''],
];

t.test('the part that counts, for every shape of tag', async (t) => {
  for (const [tagText, key, part] of CASES) {
    const tag = parseTag(tagText);
    t.equal(Buffer.from(hashedPart(tag, bytes(key))).toString('latin1'), part, JSON.stringify([tagText, key]));
    // The same inside a larger buffer whose neighbours would complete or break the tag.
    const host = bytes(`${tagText}${key}${tagText}`);
    let seen = '';
    hashKey(
      (buf, start, end) => {
        seen = Buffer.from(buf.subarray(start, end)).toString('latin1');
        return 0;
      },
      tag.open,
      tag.close,
      host,
      tagText.length,
      tagText.length + key.length,
    );
    t.equal(seen, part, `${JSON.stringify([tagText, key])} at an offset`);
  }
});

t.test('an empty key has the hash 0, and the function is not called', async (t) => {
  const never = (): number => {
    throw new Error('called');
  };
  const { open, close } = parseTag('{}');
  t.equal(hashKey(never, open, close, bytes('{a}'), 3, 3), 0);
  t.throws(() => hashKey(never, open, close, bytes('a'), 0, 1), { message: 'called' });
});

t.test('two bytes or none, whatever bytes', async (t) => {
  t.strictSame(parseTag('é'), { open: 0xc3, close: 0xa9 });
  t.throws(() => parseTag('{'), { message: /exactly two bytes, got 1/ });
  t.throws(() => parseTag('{}}'), { message: /got 3/ });
});
