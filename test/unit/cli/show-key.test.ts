import t from 'tap';
import { showKey } from '../../../src/cli/show-key.ts';

t.test('keys stay as they are where one line can hold them', async (t) => {
  for (const key of ['', 'user:1', 'ключ', 'a b', 'a\\b', 'say "hi"', "it's"]) t.equal(showKey(key), key);
});

t.test('others are quoted as redis-cli does', async (t) => {
  for (const [key, shown] of [
    ['a\nb', '"a\\nb"'],
    ['a\tb\r', '"a\\tb\\r"'],
    ['\x07\x08\x1b', '"\\a\\b\\x1b"'],
    ['"quoted"', '"\\"quoted\\""'],
    ['\\\n', '"\\\\\\n"'],
    ['é\n', '"\\xc3\\xa9\\n"'],
    ['\u2028', '"\\xe2\\x80\\xa8"'],
    ['\u0085', '"\\xc2\\x85"'],
  ])
    t.equal(showKey(key as string), shown);
});
