import { createHash } from 'node:crypto';
import t from 'tap';
import { ScriptStore } from '../../../src/downstream/script-store.ts';

const MIB = 1024 * 1024;
const sha1 = (text: string | Buffer): string => createHash('sha1').update(text).digest('hex');
const sized = (name: string, size: number): Buffer => Buffer.alloc(size, name);

t.test('a script is found by its SHA1 in any case, as it was when it was shown', async (t) => {
  const store = new ScriptStore();
  const body = Buffer.from('return 1');
  const sha = store.remember(body);
  t.equal(sha, sha1('return 1'));
  body.fill('!');
  t.same([store.body(sha), store.body(sha.toUpperCase())].map(String), ['return 1', 'return 1']);
  t.equal(store.body(sha.slice(1)), undefined);
  t.equal(store.body(sha1('return 2')), undefined);
});

t.test('16 MiB are remembered; what was not shown for longest is forgotten first', async (t) => {
  const store = new ScriptStore();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => store.remember(sized(name, 5 * MIB))) as [string, string, string];
  store.remember(sized('a', 5 * MIB));
  store.remember(sized('d', 5 * MIB));
  t.same(
    [a, b, c].map((sha) => store.body(sha) !== undefined),
    [true, false, true],
  );
  const small = store.remember(Buffer.from('small'));
  t.ok(store.body(a) && store.body(c) && store.body(small), 'no more than has to be');
  t.equal(store.body(store.remember(sized('x', 16 * MIB + 1))), undefined, 'one that is too large');
  t.ok(store.body(a) && store.body(c), 'is no reason to forget others');
});

t.test('a node is told of a script once for each connection to it', async (t) => {
  const store = new ScriptStore();
  const sha = sha1('x');
  t.strictSame([store.tell('a', 1, sha), store.tell('a', 1, sha.toUpperCase()), store.tell('b', 1, sha)], [true, false, true]);
  t.ok(store.tell('a', 1, sha1('y')));
  t.ok(store.tell('a', 2, sha), 'it may have been started anew');
  t.notOk(store.tell('a', 2, sha));
  t.ok(store.tell('a', 2, sha1('y')), 'with nothing of what it had');
  t.notOk(store.tell('b', 1, sha), 'the other one has not');
});

t.test('what was noted for a node has a limit', async (t) => {
  const store = new ScriptStore();
  for (let i = 0; i < 65_536; i++) store.tell('a', 1, `${i}`);
  t.notOk(store.tell('b', 1, '0') && store.tell('b', 1, '0'));
  t.ok(store.tell('a', 1, 'one more'));
  t.ok(store.tell('a', 1, '0'), 'begun anew');
});

t.test('all forgotten', async (t) => {
  const store = new ScriptStore();
  const sha = store.remember(sized('a', 10 * MIB));
  store.tell('a', 1, sha);
  store.clear();
  t.equal(store.body(sha), undefined);
  t.ok(store.tell('a', 1, sha));
  const [b, c] = [store.remember(sized('b', 8 * MIB)), store.remember(sized('c', 8 * MIB))];
  t.ok(store.body(b) && store.body(c), 'their bytes as well');
});
