import HashRing from 'hashring';
import t from 'tap';
import { hashring } from '../../../../src/routing/strategies/hashring.ts';
import { build, mixedKeys, ownerOf, ringNodes } from '../helpers.ts';

type Servers = Record<string, { weight: number; vnodes?: number }>;

const PLAIN: Servers = { '127.0.0.1:7001': { weight: 1 }, '127.0.0.1:7002': { weight: 1 }, '10.0.0.3:11211': { weight: 1 } };
const WEIGHTED: Servers = { a: { weight: 200 }, b: { weight: 200 }, c: { weight: 3200 }, 'd:11211': { weight: 7 } };
const VNODES: Servers = { a: { weight: 1, vnodes: 50 }, b: { weight: 1, vnodes: 200 }, c: { weight: 3 } };

/** [servers, options of the strategy, the same as the package takes them] */
const CASES: readonly [Servers, { algorithm?: string; [option: string]: unknown }, Record<string, number | string>][] = [
  [PLAIN, {}, {}],
  [WEIGHTED, {}, {}],
  [VNODES, { vnodes: { a: 50, b: 200 } }, {}],
  [PLAIN, { vnode_count: 7 }, { 'vnode count': 7 }],
  [PLAIN, { replicas: 2 }, { replicas: 2 }],
  [WEIGHTED, { compatibility: 'hash_ring', replicas: 4 }, { compatibility: 'hash_ring', replicas: 4 }],
  [WEIGHTED, { compatibility: 'ketama', replicas: 2 }, { compatibility: 'ketama', replicas: 2 }],
  [PLAIN, { default_port: 11211 }, { 'default port': 11211 }],
  [PLAIN, { algorithm: 'sha1' }, {}],
  [WEIGHTED, { algorithm: 'sha256', replicas: 8 }, { replicas: 8 }],
];

for (const [servers, options, packageOptions] of CASES) {
  t.test(`places as the package does: ${JSON.stringify(options)}`, async (t) => {
    const names = Object.keys(servers);
    const theirs = new HashRing(servers, options.algorithm, packageOptions);
    const ours = build(hashring, ringNodes(...names.map((name): [string, number] => [name, servers[name]?.weight ?? 1])), options);
    const keys = [...mixedKeys(3000, 11).map((key) => key.toString('utf8')), '', 'é', '日本語', '💡', '\ufeffbom', '\ud800 alone'];
    const wrong = keys.filter((key) => names[ownerOf(ours, key)] !== theirs.get(key));
    t.strictSame(wrong, []);
  });
}

t.test('binary keys count as the strings an application would have', async (t) => {
  const names = Object.keys(PLAIN);
  const theirs = new HashRing(names);
  const ours = build(hashring, ringNodes(...names));
  const wrong = mixedKeys(3000, 12).filter((key) => names[ownerOf(ours, key)] !== theirs.get(key.toString('utf8')));
  t.strictSame(wrong, []);
});

t.test('keys that corrupt the package’s own cache do no harm', async (t) => {
  const ours = build(hashring, ringNodes('a', 'b', 'c'));
  for (const key of ['__proto__', 'constructor', 'toString']) t.equal(ownerOf(ours, key), ownerOf(ours, key));
  t.notOk('value' in {}, 'Object.prototype is clean');
});

t.test('what cannot work is refused', async (t) => {
  t.throws(() => build(hashring, ringNodes('a'), { algorithm: 'none-such' }), { message: /digest/i });
  t.throws(() => build(hashring, ringNodes(...Array.from({ length: 49 }, (_, i) => `n${i}`)), { vnode_count: 1 }), {
    message: /without a point/,
  });
  t.throws(() => hashring.options.parse({ vnode_count: 0 }));
  t.throws(() => hashring.options.parse({ 'max cache size': 5 }), 'an unknown option is refused');
});

t.test('explains a placement', async (t) => {
  const [part, hash, point] = build(hashring, ringNodes('a', 'b')).explain?.(Buffer.from('apple')) ?? [];
  t.equal(part, 'hashed part: apple');
  t.equal(hash, 'md5: 3195025439');
  t.match(point, /^ring point: \d+ \(\d+ of 320\)$/);
});
