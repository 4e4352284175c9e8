// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration writes variables the same way
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkFile, loadConfig } from '../../../src/config/load.ts';
import type { ConfigError } from '../../../src/config/problem.ts';
import { problems } from './problems.ts';

t.test('a pool with a wrong name is looked into all the same', async (t) => {
  t.same(await problems('pools:\n  1bad: { lisen: a:1, nodes: [b] }\n  __proto__: { listen: a:1, nodes: [b:1] }\n'), [
    'f.yaml:2:3 pools.1bad: a pool is named with letters, digits, _, . and -, beginning with a letter',
    'f.yaml:2:3 pools.1bad.listen: is required',
    'f.yaml:2:11 pools.1bad.lisen: unknown key (did you mean listen?)',
    'f.yaml:2:31 pools.1bad.nodes[0]: must be host:port or unix:/path',
    'f.yaml:3:3 pools.__proto__: a pool is named with letters, digits, _, . and -, beginning with a letter',
  ]);
});

t.test('placement is judged whatever is wrong elsewhere', async (t) => {
  const text = `log: { level: loud }
pools:
  gap: { listen: a:1, strategy: slots, nodes: [{ address: b:1, slots: 0-100 }] }
  labels: { listen: a:2, nodes: [{ name: b, address: b:1 }, { name: "b:11211", address: b:2 }, b:11211] }
  twins: { listen: a:1, nodes: ["b:11211", { name: b, address: c:1 }] }
  heavy: { listen: a:3, strategy: modulo, nodes: [{ address: b:1, weight: 1000000 }, c:1] }
  module: { listen: a:4, strategy: ./none.js, nodes: [b:1] }
  ejected: { listen: a:5, strategy: slots, auto_eject: true, nodes: [{ address: b:1, slots: 0-100 }] }
  broken: { listen: a:6, strategy: slots, nodes: [{ address: b, slots: 0-100 }] }
`;
  const found = await problems(text);
  for (const [index, line] of [
    /^f\.yaml:1:15 log\.level: must be one of/,
    /^f\.yaml:3:40 pools\.gap\.nodes: no node owns the slots 101-16383/,
    /^f\.yaml:4:\d+ pools\.labels\.nodes\[2\]: has the same name/,
    /^f\.yaml:5:20 pools\.twins\.listen: a:1 is taken/,
    /^f\.yaml:5:25 pools\.twins\.nodes: two nodes have the label "b"/,
    /^f\.yaml:6:43 pools\.heavy\.nodes: the weights add up to 1000001/,
    /^f\.yaml:7:36 pools\.module\.strategy: cannot load strategy/,
    /^f\.yaml:8:44 pools\.ejected\.auto_eject: is not possible/,
    /^f\.yaml:8:62 pools\.ejected\.nodes: no node owns/,
    /^f\.yaml:9:62 pools\.broken\.nodes\[0\]\.address: must be host:port/,
  ].entries())
    t.match(found[index], line);
  t.equal(found.length, 10, found.join('\n'));
});

t.test('what a module has against its options has a line each, at the strategy', async (t) => {
  const dir = t.testdir({
    'picky.mjs': `export default {
      options: { safeParse: () => ({ success: false, error: { issues: [
        { code: 'custom', path: ['seed'], message: 'must be odd' },
        { code: 'custom', path: ['depth'], message: 'must be even' },
      ] } }) },
      build: () => ({}),
    };`,
    'loud.mjs': `export default { build: () => { throw new Error('one\\n  two'); } };`,
  });
  const file = join(dir, 'keyfan.yaml');
  const complaints = async (strategy: string) => {
    writeFileSync(file, `pools:\n  a:\n    listen: a:1\n    nodes: [b:1]\n    strategy: ${strategy}\n`);
    const error = await loadConfig(file, {}).catch((reason: ConfigError) => reason);
    return (error as ConfigError).message.replaceAll(file, 'f');
  };
  t.equal(
    await complaints('{ type: ./picky.mjs, seed: 2, depth: 1 }'),
    'f:5:42 pools.a.strategy.seed: must be odd\nf:5:52 pools.a.strategy.depth: must be even',
  );
  t.equal(await complaints('./loud.mjs'), 'f:5:15 pools.a.strategy: one two');
});

t.test('a misspelt type of a strategy', async (t) => {
  t.same(await problems('pools:\n  a: { listen: a:1, nodes: [b:1], strategy: { tpye: ring, hash: md5 } }\n'), [
    'f.yaml:2:35 pools.a.strategy.type: is required',
    'f.yaml:2:47 pools.a.strategy.tpye: unknown key (did you mean type?)',
  ]);
});

t.test('vnodes of a node that is not there', async (t) => {
  const text = (vnodes: string, nodes = '[{ name: one, address: b:1 }, b:2]') =>
    `pools:\n  a: { listen: a:1, nodes: ${nodes}, strategy: { type: hashring, vnodes: ${vnodes} } }\n`;
  t.same(await problems(text('{ one: 5, "b:2": 6 }')), []);
  t.same(await problems(text('{ zz: 5, oen: 6, b:1: 7 }')), [
    'f.yaml:2:102 pools.a.strategy.vnodes.zz: there is no node of that name',
    'f.yaml:2:109 pools.a.strategy.vnodes.oen: there is no node of that name (did you mean one?)',
    'f.yaml:2:117 pools.a.strategy.vnodes.b:…: there is no node of that name (did you mean b:2?)',
  ]);
  t.same(
    (await problems(text('{ zz: 5 }', '[{ name: 1, address: b:1 }]'))).filter((line) => line.includes('vnodes')),
    [],
    'a name that cannot be read may be the one',
  );
});

t.test('more nodes than a cursor can tell apart', async (t) => {
  const text = (count: number) =>
    `pools:\n  a: { listen: a:1, nodes: [${Array.from({ length: count }, (_, i) => `b:${i + 1}`).join(', ')}] }\n`;
  t.same(await problems(text(4096)), ['f.yaml:2:21 pools.a.nodes: must not name more than 4095 nodes']);
});

t.test('a number that is text', async (t) => {
  const note = '; this is text, as all that is in quotes or comes from a variable';
  const text =
    'workers: ${W}\npools:\n  a: { listen: a:1, nodes: [{ address: b:1, weight: "2" }], database: "${W}", auto_eject: "true", limits: { clients: x } }\n';
  t.same(await problems(text, { W: '4' }), [
    `f.yaml:1:10 workers: must be a number or auto${note}`,
    `f.yaml:3:53 pools.a.nodes[0].weight: must be a number${note}`,
    `f.yaml:3:71 pools.a.database: must be a number${note}`,
    `f.yaml:3:91 pools.a.auto_eject: must be true or false or a map of keys${note}`,
    'f.yaml:3:118 pools.a.limits.clients: must be a number',
  ]);
});

t.test('two nodes at one address are a warning', async (t) => {
  const file = join(t.testdir({}), 'keyfan.yaml');
  writeFileSync(
    file,
    'pools:\n  a:\n    listen: a:1\n    nodes: [b:1, { name: c, address: b:1 }, c:1]\n  b: { listen: a:2, nodes: [b:1] }\n',
  );
  const { config, warnings } = await checkFile(file, {});
  t.same(Object.keys(config.pools), ['a', 'b']);
  t.same(warnings, [{ file, line: 4, column: 18, path: 'pools.a.nodes[1]', message: 'has the same address as nodes[0]' }]);
});

t.test('a file that is not UTF-8 is not guessed at', async (t) => {
  const file = join(t.testdir({}), 'keyfan.yaml');
  const text = (password: string) => `pools:\n  a: { listen: a:1, nodes: [b:1], client_password: "${password}" }\n`;
  const loaded = async (bytes: Buffer) => {
    writeFileSync(file, bytes);
    const result = await loadConfig(file, {}).catch((reason: ConfigError) => reason);
    return result instanceof Error ? result.message.replaceAll(file, 'f') : result.pools.a?.client_password;
  };
  const complaint = 'is not UTF-8: save the file in that encoding';
  t.equal(await loaded(Buffer.from(text('gr\u00fcn'), 'latin1')), `f:2:55: byte 61 ${complaint}`);
  t.equal(await loaded(Buffer.from(text('gr\u00fcn'), 'utf8')), 'gr\u00fcn');
  t.equal(await loaded(Buffer.from(`\ufeff${text('gr\u00fcn')}`, 'utf8')), 'gr\u00fcn', 'a byte order mark is no matter');
  t.equal(await loaded(Buffer.from(text('\ufffd'), 'utf8')), '\ufffd', 'nor is what stands for what could not be read');
  t.equal(
    await loaded(Buffer.concat([Buffer.from(text('\u20ac')), Buffer.from('# \u20ac').subarray(0, -1)])),
    `f:3:3: byte 68 ${complaint}`,
  );
  t.equal(await loaded(Buffer.from(`\ufeff${text('x')}`, 'utf16le')), `f:1:1: byte 0 ${complaint}`);
  t.equal(await loaded(Buffer.from(text('x'), 'utf16le')), `f:1:2: byte 1 ${complaint}`, 'without a mark');
});
