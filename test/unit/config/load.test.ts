// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration writes variables the same way
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig, parseConfig, parseText } from '../../../src/config/load.ts';
import type { ConfigInput } from '../../../src/config/schema.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';
import { problems } from './problems.ts';

const MINIMAL: ConfigInput = { pools: { cache: { listen: '127.0.0.1:6400', nodes: ['127.0.0.1:7001'] } } };

t.test('a small configuration gets every default', async (t) => {
  t.same(parseConfig(MINIMAL), {
    admin: {},
    workers: 1,
    buffers: 536_870_912,
    log: { level: 'info' },
    pools: {
      cache: {
        listen: { host: '127.0.0.1', port: 6400 },
        strategy: { type: 'ring', options: { hash: 'murmur', hash_tag: '{}' } },
        nodes: [{ name: '127.0.0.1:7001', label: '127.0.0.1:7001', address: { host: '127.0.0.1', port: 7001 }, weight: 1 }],
        client_username: 'default',
        database: 0,
        admin_commands: 'deny',
        scripts: 'own',
        timeouts: {
          connect: 1000,
          request: 5000,
          client_idle: 3_600_000,
          client_request: 30_000,
          client_stall: 5000,
          node_idle: 30_000,
          drain: 10_000,
        },
        limits: {
          clients: 10_000,
          client_in_flight: 4096,
          client_subscriptions: 100_000,
          client_unsent: 1_048_576,
          client_query: 1_073_741_824,
          request_size: 536_870_912,
          node_in_flight: 65_536,
          node_queued: 67_108_864,
          node_leases: 8,
          node_reserved: 1024,
          databases: 16,
        },
        reconnect: { min: 50, max: 1000 },
        auto_eject: { enabled: false, failures: 2, retry: 30_000 },
      },
    },
  });
});

t.test('a complete configuration passes again as it is', async (t) => {
  const config = parseConfig(MINIMAL);
  t.equal(parseConfig(config), config);
});

t.test('nodes: names, labels, weights and credentials', async (t) => {
  const config = parseConfig({
    pools: {
      p: {
        listen: 'unix:/tmp/p.sock',
        username: 'app',
        password: 'pool',
        nodes: [
          '10.0.0.1:11211',
          'unix:/run/redis.sock',
          { name: 'c', address: 'h:1', weight: 3, password: 'own' },
          { address: 'h:2', username: 'u2' },
        ],
      },
    },
  });
  t.same(config.pools.p?.nodes, [
    { name: '10.0.0.1:11211', label: '10.0.0.1', address: { host: '10.0.0.1', port: 11211 }, weight: 1, username: 'app', password: 'pool' },
    {
      name: 'unix:/run/redis.sock',
      label: '/run/redis.sock:',
      address: { path: '/run/redis.sock' },
      weight: 1,
      username: 'app',
      password: 'pool',
    },
    { name: 'c', label: 'c', address: { host: 'h', port: 1 }, weight: 3, username: 'app', password: 'own' },
    { name: 'h:2', label: 'h:2', address: { host: 'h', port: 2 }, weight: 1, username: 'u2', password: 'pool' },
  ]);
});

t.test('auto_eject: true is short for enabled', async (t) => {
  const pool = { ...MINIMAL.pools.cache, listen: 'a:1', nodes: ['b:1'] };
  t.same(parseConfig({ pools: { p: { ...pool, auto_eject: true } } }).pools.p?.auto_eject, {
    enabled: true,
    failures: 2,
    retry: 30_000,
  });
  t.same(parseConfig({ pools: { p: { ...pool, auto_eject: { enabled: true, failures: 5 } } } }).pools.p?.auto_eject.failures, 5);
});

t.test('every problem in one run, each at its place', async (t) => {
  const text = `admin: { listen: 127.0.0.1:6400 }
workers: 0
log: { levl: info, level: inf }
pools:
  cache:
    listen: 127.0.0.1:6400
    strategy: { type: ring, hahs: murmur, hash: fnv1 }
    nodes:
      - 127.0.0.1:7001
      - 127.0.0.1:7001
      - { name: b, address: 127.0.0.1, wieght: 2 }
      - 17
    timeuots: { connect: 1s }
    timeouts: { connect: 5, request: 90d }
    limits: { clients: 0, client_unsent: 64 }
    password: \${NOPE}
    client_password: 1234
  1bad: { listen: a:1, nodes: [b:1] }
  other:
    listen: 0.0.0.0:6400
    listen: 0.0.0.0:6401
    strategy: rng
    nodes: []
  slots:
    strategy: slots
    auto_eject: true
    reconnect: { min: 5s }
`;
  t.same(await problems(text), [
    'f.yaml:2:10 workers: must be at least 1',
    'f.yaml:3:8 log.levl: unknown key (did you mean level?)',
    'f.yaml:3:27 log.level: must be one of debug, info, warn, error, silent (did you mean info?)',
    'f.yaml:6:13 pools.cache.listen: 127.0.0.1:6400 is taken by admin.listen',
    'f.yaml:7:29 pools.cache.strategy.hahs: unknown key (did you mean hash?)',
    'f.yaml:7:49 pools.cache.strategy.hash: must be one of one_at_a_time, md5, crc16, crc32, crc32a, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, hsieh, murmur, jenkins',
    'f.yaml:10:9 pools.cache.nodes[1]: has the same name as nodes[0]; names are unique',
    'f.yaml:11:29 pools.cache.nodes[2].address: must be host:port or unix:/path',
    'f.yaml:11:40 pools.cache.nodes[2].wieght: unknown key (did you mean weight?)',
    'f.yaml:12:9 pools.cache.nodes[3]: must be text or a map of keys',
    'f.yaml:13:5 pools.cache.timeuots: unknown key (did you mean timeouts?)',
    'f.yaml:14:26 pools.cache.timeouts.connect: must be a duration with its unit: 250ms, 2s, 5m, 1h or 1d',
    'f.yaml:14:38 pools.cache.timeouts.request: must be at most 24d',
    'f.yaml:15:24 pools.cache.limits.clients: must be at least 1',
    'f.yaml:15:42 pools.cache.limits.client_unsent: must be a size with its unit: 512b, 64kb, 1mb or 1gb',
    'f.yaml:16:15 pools.cache.password: environment variable NOPE is not set',
    'f.yaml:17:22 pools.cache.client_password: must be text; put it in quotes',
    'f.yaml:18:3 pools.1bad: a pool is named with letters, digits, _, . and -, beginning with a letter',
    'f.yaml:21:5 pools.other.listen: is there twice; first in line 20',
    `f.yaml:22:15 pools.other.strategy: unknown strategy (did you mean ring?); there are ${[...STRATEGIES.keys()].join(', ')}, and modules by path (./my-strategy.js)`,
    'f.yaml:23:5 pools.other.nodes: must name at least one node',
    'f.yaml:24:3 pools.slots.listen: is required',
    'f.yaml:24:3 pools.slots.nodes: is required',
    'f.yaml:26:5 pools.slots.auto_eject: is not possible with strategy slots, whose nodes cannot be taken out',
    'f.yaml:27:23 pools.slots.reconnect.min: is longer than reconnect.max',
  ]);
});

t.test('a password that comes to nothing is a problem, not an open pool', async (t) => {
  const pool = (line: string) => `pools:\n  a:\n    listen: a:1\n    nodes: [b:1]\n    ${line}\n`;
  for (const value of ['', ' #Secret', ' &Secret', ' ~', ' null']) {
    for (const key of ['client_password', 'password'])
      t.match(
        (await problems(pool(`${key}:${value}`))).join('\n'),
        new RegExp(`f\\.yaml:5:\\d+ pools\\.a\\.${key}: has no value`),
        key + value,
      );
  }
  t.match(
    (await problems('pools: { a: { listen: a:1, nodes: [{ address: b:1, password: }] } }')).join('\n'),
    /nodes\[0\]\.password: has no value/,
  );
});

t.test('nor does one that is the alias of nothing', async (t) => {
  for (const empty of ['', ' ~']) {
    const pool = (line: string) => `pools:\n  a:\n    listen: a:1\n    timeouts: &e${empty}\n    ${line}\n`;
    for (const key of ['client_username', 'client_password', 'username', 'password'])
      t.match(
        (await problems(pool(`nodes: [b:1]\n    ${key}: *e`))).join('\n'),
        new RegExp(`^f\\.yaml:6:\\d+ pools\\.a\\.${key}: has no value`, 'm'),
        key,
      );
    for (const key of ['username', 'password', 'weight'])
      t.match(
        (await problems(pool(`nodes: [{ address: b:1, ${key}: *e }]`))).join('\n'),
        new RegExp(`^f\\.yaml:5:\\d+ pools\\.a\\.nodes\\[0\\]\\.${key}: has no value`, 'm'),
        `${key} of a node`,
      );
  }
  t.match((await problems('pools: { a: { listen: a:1, nodes: [{ address: b:1, weight: }] } }')).join('\n'), /weight: has no value/);
  t.same(
    await problems('pools:\n  a:\n    listen: a:1\n    nodes: [b:1]\n    timeouts: &e\n    limits: *e\n'),
    [],
    'where nothing is meant',
  );
});

t.test('problems do not repeat what may be a secret', async (t) => {
  for (const line of [
    'password: !Secret',
    'password: |Secret',
    'password: >Secret',
    'password: }Secret',
    'password: "\\Secret"',
    'password:Secret',
    'password: ${1Secret}',
  ]) {
    const found = await problems(`pools:\n  a:\n    listen: a:1\n    nodes: [b:1]\n    ${line}\n`);
    t.ok(found.length > 0, line);
    t.notMatch(found.join('\n'), /ecret/, line);
  }
  t.match(await problems('pools: { a: { listen: a:1, nodes: [{ address: "b:1", password:Secret }] } }'), [
    /nodes\[0\]\.password:…: unknown key/,
  ]);
});

t.test('what cannot be read as YAML', async (t) => {
  t.match(await problems('pools: {}\n---\npools: {}\n'), [/^f\.yaml:2:1: a second document begins here/]);
  t.match(await problems('pools:\n  cache: [\n'), [/^f\.yaml:3:1: /]);
  t.match(await problems('a: b\n- c\n'), [/^f\.yaml:2:1: /]);
  t.match(await problems('pools: *b\n'), [/^f\.yaml:1:8 pools: the alias refers to nothing/]);
  t.match(await problems('pools: &p\n  cache: *p\n'), [/^f\.yaml:2:10 pools\.cache: the alias stands inside what it refers to/]);
  t.match(await problems(''), ['f.yaml:1:1 pools: is required']);
  t.match(await problems('[]'), [/must be a map of keys/]);
  t.match(await problems('pools: {}'), ['f.yaml:1:1 pools: must hold at least one pool']);
});

t.test('keys with meaning to JavaScript are keys like any other', async (t) => {
  t.same(await problems('__proto__: { workers: 3 }\npools: { a: { listen: a:1, nodes: [b:1], constructor: 1 } }\n'), [
    'f.yaml:1:1 __proto__: unknown key',
    'f.yaml:2:42 pools.a.constructor: unknown key',
  ]);
  t.equal(({} as { workers?: number }).workers, undefined);
});

t.test('aliases repeat a part, and problems stay where it was first written', async (t) => {
  const config = await parseText('pools:\n  a: { listen: a:1, nodes: &n [b:1] }\n  c: { listen: c:1, nodes: *n }\n', 'f.yaml', {});
  t.same(config.pools.c?.nodes, config.pools.a?.nodes);
});

t.test('a bomb of aliases ends', async (t) => {
  const levels = Array.from(
    { length: 12 },
    (_, i) =>
      `  l${i}: &l${i} [${Array(12)
        .fill(i === 0 ? 'x' : `*l${i - 1}`)
        .join(', ')}]`,
  );
  t.match((await problems(`pools:\n${levels.join('\n')}\n`)).join('\n'), /has more than 100000 values/);
});

t.test('no value of the file shows in a problem', async (t) => {
  const text =
    'pools:\n  a: { listen: hunter2, nodes: [hunter2, 5], password: [hunter2], strategy: hunter2, timeouts: hunter2 }\nlog: { level: hunter2 }\n';
  const found = await problems(text, {});
  t.ok(found.length >= 6, found.join('\n'));
  t.notMatch(found.join('\n'), /hunter2/);
});

t.test('environment variables, in every string', async (t) => {
  const text = 'pools:\n  a: { listen: "${HOST}:${PORT:-6400}", nodes: ["n:1"], strategy: { type: "${S}" }, password: "$${x}" }\n';
  const config = await parseText(text, 'f.yaml', { HOST: '127.0.0.1', S: 'slots' });
  const pool = config.pools.a;
  t.same(pool?.listen, { host: '127.0.0.1', port: 6400 });
  t.equal(pool?.strategy.type, 'slots');
  t.equal(pool?.password, '${x}');
  t.same(await problems(text, { S: 'ring' }), ['f.yaml:2:16 pools.a.listen: environment variable HOST is not set']);
});

t.test('a library caller writes secrets as they are', async (t) => {
  const config = parseConfig({ pools: { a: { listen: 'a:1', nodes: ['b:1'], password: '${NOT_A_VARIABLE}' } } });
  t.equal(config.pools.a?.password, '${NOT_A_VARIABLE}');
});

t.test('rules between keys', async (t) => {
  const pool = (extra: string) => `pools:\n  a:\n    listen: 127.0.0.1:1\n    nodes: [b:1]\n    ${extra}\n`;
  t.same(await problems(pool('username: u')), ['f.yaml:5:5 pools.a.username: needs a password beside it']);
  t.same(await problems(pool('client_username: u')), ['f.yaml:5:5 pools.a.client_username: needs a client_password beside it']);
  t.same(await problems('pools:\n  a:\n    listen: 127.0.0.1:1\n    nodes: [{ address: b:1, username: u }]\n'), [
    'f.yaml:4:29 pools.a.nodes[0].username: needs a password beside it',
  ]);
  t.same(await problems('pools:\n  a:\n    listen: 0.0.0.0:1\n    nodes: [b:1, localhost:1]\n'), [
    "f.yaml:4:18 pools.a.nodes[1]: is this pool's own listener",
  ]);
  t.same(await problems('pools:\n  a:\n    listen: a:1\n    nodes: [{ address: b:1, slots: 0-16383 }]\n'), [
    'f.yaml:4:29 pools.a.nodes[0].slots: is for strategy slots, not for ring',
  ]);
  t.same(await problems('pools:\n  a: { listen: a:1, nodes: [b:1] }\n  b: { listen: a:1, nodes: [b:1] }\n'), [
    'f.yaml:3:16 pools.b.listen: a:1 is taken by pools.a.listen',
  ]);
  t.same(await problems(pool('auto_eject: true')), []);
  t.same(await problems(pool('workers: auto')), ['f.yaml:5:5 pools.a.workers: unknown key']);
});

t.test('workers', async (t) => {
  const problemsWith = (workers: string, more = '') =>
    problems(`workers: ${workers}\npools:\n  a:\n    listen: a:1\n    nodes: [b:1]\n${more}`);
  for (const workers of ['1', '2', '256', 'auto']) t.same(await problemsWith(workers), [], workers);
  t.same(await problemsWith('257'), ['f.yaml:1:10 workers: must be at most 256']);
  t.same(await problemsWith('1.5'), ['f.yaml:1:10 workers: must be a whole number or auto']);
  t.same(await problemsWith('many'), ['f.yaml:1:10 workers: must be a number or auto']);
  const refusal = 'f.yaml:6:5 pools.a.auto_eject: needs workers: 1; several workers would not agree on when a node is out';
  for (const setting of ['true', '{ enabled: true }']) {
    const eject = `    auto_eject: ${setting}\n`;
    for (const workers of ['2', 'auto'])
      t.same(await problemsWith(workers, eject), [refusal], `${workers} workers, auto_eject: ${setting}`);
    t.same(await problemsWith('1', eject), []);
    t.same(await problemsWith('0', eject), ['f.yaml:1:10 workers: must be at least 1'], 'what is no number of workers is said once');
  }
  t.same(await problemsWith('2', '    auto_eject: false\n'), []);
});

t.test('what the strategy itself refuses has its place too', async (t) => {
  const text =
    'pools:\n  a:\n    listen: a:1\n    strategy: slots\n    nodes:\n      - { address: b:1, slots: 0-100 }\n      - { address: c:1, slots: 90-16383 }\n';
  t.match(await problems(text), [/^f\.yaml:5:5 pools\.a\.nodes: slot 90 is given twice/]);
  t.match(await problems('pools:\n  a: { listen: a:1, nodes: [b:1], strategy: ./none.js }\n'), [
    /^f\.yaml:2:45 pools\.a\.strategy: cannot load/,
  ]);
});

t.test('a module is found beside the file that names it, and its options are its own', async (t) => {
  const dir = t.testdir({
    'mine.js': `export default {
      ejectable: false,
      build: (nodes, options) => {
        if (options.to === undefined) throw new Error('to is missing');
        return { partitions: 1, owners: [options.to], locate: () => 0 };
      },
    };`,
    'package.json': '{ "type": "module" }',
  });
  const file = join(dir, 'keyfan.yaml');
  const pool = (strategy: string, rest = '') =>
    writeFileSync(file, `pools:\n  a: { listen: a:1, nodes: [b:1, c:1], strategy: ${strategy}${rest} }\n`);
  pool('{ type: ./mine.js, to: 1 }');
  const config = await loadConfig(file, {});
  t.same(config.pools.a?.strategy, { type: join(dir, 'mine.js'), options: { to: 1 } });
  pool('./mine.js');
  await t.rejects(loadConfig(file, {}), { message: /:2:\d+ pools\.a\.strategy: to is missing$/ });
  pool('{ type: ./mine.js, to: 1 }', ', auto_eject: true');
  await t.rejects(loadConfig(file, {}), { message: /:2:\d+ pools\.a\.auto_eject: is not possible/ });
});

t.test('a file that is not there', async (t) => {
  const file = join(t.testdir({}), 'none.yaml');
  await t.rejects(loadConfig(file), { name: 'ConfigError', message: /none\.yaml: cannot be read: ENOENT/ });
});

t.test('problems of an object have paths, without places', async (t) => {
  const wrong = { pools: { a: { listen: 'x', nodes: ['b:1', { address: 'c' }] } } };
  t.throws(() => parseConfig(wrong), {
    message: 'pools.a.listen: must be host:port or unix:/path\npools.a.nodes[1].address: must be host:port or unix:/path',
  });
});
