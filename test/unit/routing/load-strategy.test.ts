import { join } from 'node:path';
import t from 'tap';
import { isStrategyPath, loadStrategy, strategyFromModule } from '../../../src/routing/load-strategy.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';
import { ring } from '../../../src/routing/strategies/ring.ts';
import { build, ringNodes } from './helpers.ts';

const NODES = ringNodes('a', 'b');
const goodLocator = () => ({ partitions: 2, owners: [1, 0], locate: (_: Uint8Array, start: number, end: number) => (end - start) & 1 });

t.test('tells paths from names', async (t) => {
  for (const path of ['./x.js', '../x.mjs', '/x/y.cjs', 'strategies/x', 'x.js']) t.equal(isStrategyPath(path), true, path);
  for (const name of ['ring', 'my-strategy', 'constructor']) t.equal(isStrategyPath(name), false, name);
});

t.test('a built-in name gives the built-in, another name an error that lists them', async (t) => {
  t.equal(await loadStrategy('ring', '/nowhere'), ring);
  await t.rejects(loadStrategy('constructor', '/nowhere'), {
    message: `unknown strategy "constructor": use ${[...STRATEGIES.keys()].join(', ')} or the path of a module, like ./my-strategy.js`,
  });
});

t.test('loads a module relative to the directory of the config', async (t) => {
  const dir = t.testdir({
    conf: {
      'simple.mjs': `export default {
        build: (nodes, options) => ({ partitions: 1, owners: [options.pick], locate: () => 0 }),
      };`,
      'throws.mjs': `throw new Error('broken inside');`,
      'named.mjs': `export const build = () => {};`,
    },
  });
  const simple = await loadStrategy('./conf/simple.mjs', dir);
  t.equal(simple.type, './conf/simple.mjs');
  t.equal(simple.placement, 'keyed');
  t.equal(simple.ejectable, false);
  t.strictSame(build(simple, NODES, { pick: 1, other: ['as', 'given'] }).owners, Uint16Array.of(1));
  t.strictSame(simple.options.parse({ pick: 1, other: ['as', 'given'] }), { pick: 1, other: ['as', 'given'] });
  t.equal((await loadStrategy(join(dir, 'conf/simple.mjs'), '/nowhere')).type, join(dir, 'conf/simple.mjs'), 'an absolute path');
  await t.rejects(loadStrategy('./none.mjs', dir), { message: /^cannot load strategy \.\/none\.mjs: / });
  await t.rejects(loadStrategy('./conf/throws.mjs', dir), { message: 'cannot load strategy ./conf/throws.mjs: broken inside' });
  await t.rejects(loadStrategy('./conf/named.mjs', dir), {
    message: 'strategy ./conf/named.mjs: its default export must be an object with a build function',
  });
});

t.test('a whole Strategy keeps what it says', async (t) => {
  const strategy = strategyFromModule(ring, './ring.js');
  t.equal(strategy.type, 'ring');
  t.equal(strategy.ejectable, true);
  t.strictSame(strategy.options.parse({}), { hash: 'murmur', hash_tag: '{}' });
  t.strictSame(build(strategy, NODES).owners, build(ring, NODES).owners);
  t.match(build(strategy, NODES).explain?.(Buffer.from('k')), [/hashed part: k/]);
});

t.test('a wrong shape is named', async (t) => {
  const good = { build: goodLocator };
  for (const [exported, message] of [
    [undefined, /default export must be an object/],
    [() => {}, /default export must be an object/],
    [{}, /build must be a function/],
    [{ ...good, type: 7 }, /type must be a non-empty string/],
    [{ ...good, placement: 'all' }, /placement must be "keyed" or "any"/],
    [{ ...good, ejectable: 1 }, /ejectable must be true or false/],
    [{ ...good, options: { hash: 'murmur' } }, /options must be a zod schema/],
    [{ ...good, options: null }, /options must be a zod schema/],
  ] as const) {
    t.throws(() => strategyFromModule(exported, './mine.js'), { message }, String(message));
  }
  t.doesNotThrow(() => strategyFromModule(good, './mine.js'));
});

t.test('a wrong locator is named when it is built', async (t) => {
  const built = (change: object | null): unknown =>
    build(strategyFromModule({ build: () => change && { ...goodLocator(), ...change } }, './mine.js'), NODES);
  for (const [change, message] of [
    [null, /build must return a locator object/],
    [{ locate: undefined }, /needs a function locate/],
    [{ partitions: 0 }, /partitions must be a positive integer, got 0/],
    [{ partitions: 1.5 }, /partitions must be a positive integer, got 1.5/],
    [{ owners: undefined }, /owners must be an array/],
    [{ owners: [0] }, /owners has 1 entries for 2 partitions/],
    [{ owners: [0, 2] }, /owners names node 2, but there are nodes 0 to 1 only/],
    [{ owners: [0, -1] }, /owners names node -1/],
    [{ owners: [0, undefined] }, /owners names node undefined/],
    [{ locate: () => 2 }, /locate gave 2 for the key "", not an integer from 0 to 1/],
    [{ locate: () => '0' }, /locate gave 0/],
    [{ locate: () => undefined }, /locate gave undefined/],
    [
      {
        locate: () => {
          throw new Error('no luck');
        },
      },
      /no luck/,
    ],
  ] as const) {
    t.throws(() => built(change), { message }, String(message));
  }
  t.doesNotThrow(() => built({}));
});

t.test('methods keep their object, and an error for one key leaves it without a partition', async (t) => {
  const strategy = strategyFromModule(
    {
      owner: 1,
      build(this: { owner: number }) {
        return {
          partitions: 1,
          owners: [this.owner],
          answer: 0,
          locate(buf: Uint8Array) {
            if (buf[0] === 0x21) throw new Error('not this one');
            return this.answer;
          },
          explain() {
            return [`answer ${this.answer}`];
          },
        };
      },
    },
    './mine.js',
  );
  const locator = build(strategy, NODES);
  t.strictSame(locator.owners, Uint16Array.of(1));
  t.equal(locator.locate(Buffer.from('a'), 0, 1), 0);
  t.equal(locator.locate(Buffer.from('!'), 0, 1), -1);
  t.strictSame(locator.explain?.(Buffer.from('a')), ['answer 0']);
});

t.test('a strategy that cannot place a key says so once', async (t) => {
  // Warnings of other tests are told first.
  await new Promise((resolve) => setImmediate(resolve));
  const given: unknown[] = [];
  const onWarning = (warning: Error): unknown => given.push(warning.message);
  process.on('warning', onWarning);
  t.teardown(() => process.off('warning', onWarning));
  for (const [answer, problem] of [
    [() => 1.5, 'locate gave 1.5 for a key, not an integer from 0 to 0; such keys have no node'],
    [() => 7, 'locate gave 7 for a key, not an integer from 0 to 0; such keys have no node'],
    [
      () => {
        throw new Error('too odd');
      },
      'locate failed for a key: too odd; such keys have no node',
    ],
  ] as const) {
    const locate = (buf: Buffer, start: number) => (buf[start] === 'x'.charCodeAt(0) ? answer() : 0);
    const locator = strategyFromModule({ build: () => ({ partitions: 1, owners: [0], locate }) }, './mine.js').build(
      [{ name: 'a', label: 'a', weight: 1 }],
      {},
    );
    given.length = 0;
    for (let i = 0; i < 3; i++) t.equal(locator.locate(Buffer.from('x'), 0, 1), -1);
    t.equal(locator.locate(Buffer.from('y'), 0, 1), 0);
    await new Promise((resolve) => setImmediate(resolve));
    t.strictSame(given, [`strategy ./mine.js: ${problem}`]);
  }
});
