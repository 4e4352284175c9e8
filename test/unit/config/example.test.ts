import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { z } from 'zod';
import { jsonSchema } from '../../../src/config/json-schema.ts';
import { parseConfig, parseText } from '../../../src/config/load.ts';
import type { PoolConfig } from '../../../src/config/schema.ts';
import { HASH_NAMES } from '../../../src/routing/hash/registry.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';
import type { Strategy } from '../../../src/routing/strategy.ts';
import { PROJECT_ROOT } from '../../support/project.ts';

const read = (name: string) => readFileSync(join(PROJECT_ROOT, name), 'utf8');
const example = read('config.example.yaml');

type Json = { [key: string]: unknown };

/** Every key a map of the configuration may have, strategies' options (they have their own test) left out. */
function keysOf(schema: Json): string[] {
  const children: Json[] = [];
  const keys: string[] = [];
  for (const [key, value] of Object.entries((schema.properties ?? {}) as Json)) {
    keys.push(key);
    if (key !== 'strategy') children.push(value as Json);
  }
  children.push(...((schema.anyOf ?? []) as Json[]));
  for (const name of ['items', 'additionalProperties']) if (typeof schema[name] === 'object') children.push(schema[name] as Json);
  return [...new Set([...keys, ...children.flatMap(keysOf)])];
}

t.test('config.schema.json is what the schema gives now (npm run schema writes it)', async (t) => {
  t.same(JSON.parse(read('config.schema.json')), JSON.parse(JSON.stringify(jsonSchema())));
});

t.test('the example points editors to the schema', async (t) => {
  t.match(example, /^# yaml-language-server: \$schema=\.\/config\.schema\.json\n/);
});

t.test('the example shows every key', async (t) => {
  const keys = keysOf(jsonSchema());
  t.ok(keys.length > 30, `${keys.length} keys`);
  for (const key of keys) t.match(example, new RegExp(`^\\s*(# |- (\\{ )?)?([\\w]+: [^#\\n]*, )*${key}:( |$)`, 'm'), key);
});

t.test('every default in the example is the schema’s', async (t) => {
  const config = await parseText(example, 'config.example.yaml', {});
  const plain = parseConfig({ pools: { cache: { listen: '127.0.0.1:6400', nodes: ['127.0.0.1:7001'] } } });
  const { listen: _, nodes: __, ...shown } = config.pools.cache as PoolConfig;
  const { listen: ___, nodes: ____, ...defaults } = plain.pools.cache as PoolConfig;
  t.same(shown, defaults);
  t.equal(config.workers, plain.workers);
  t.same(config.log, plain.log);
  for (const node of config.pools.cache?.nodes ?? []) t.equal(node.weight, 1);
});

t.test('what is commented out is right as well', async (t) => {
  const uncommented = example
    .replace(/^(\s+)# ((client_|)(username|password): )/gm, '$1$2')
    .replace('# slots: 10923-16383', 'slots: 10923-16383')
    .replace('- 127.0.0.1:7001', '- { address: "127.0.0.1:7001", slots: 0-5460 }')
    .replace('weight: 1 }', 'weight: 1, slots: 5461-10922 }')
    .replace('strategy: ring\n', 'strategy: slots\n');
  const config = await parseText(uncommented, 'f.yaml', { CLIENT_PASSWORD: 'c', REDIS_PASSWORD: 'r', NODE_C_PASSWORD: 'n' });
  const pool = config.pools.cache as PoolConfig;
  t.equal(pool.client_password, 'c');
  t.same(
    pool.nodes.map((node) => node.password),
    ['r', 'r', 'n'],
  );
});

t.test('the long form of the strategy in the example works', async (t) => {
  const long = /^\s+# The long form.*?(strategy: \{.*\})$/m.exec(example)?.[1] as string;
  const config = await parseText(example.replace('strategy: ring\n', `${long}\n`), 'f.yaml', {});
  t.match(config.pools.cache?.strategy, { type: 'ring', options: { hash: 'fnv1a_64' } });
});

t.test('every strategy with its options and their defaults', async (t) => {
  const lines = [...example.matchAll(/^ {4}# {3}(strategy: \{ type: .*\})$/gm)].map((match) => match[1] as string);
  t.same(lines.map((line) => /type: (\w+)/.exec(line)?.[1]).sort(), [...STRATEGIES.keys()].sort());
  for (const line of lines) {
    const config = await parseText(example.replace('strategy: ring\n', `${line}\n`), 'f.yaml', {});
    const { type, options } = (config.pools.cache as PoolConfig).strategy;
    const strategy = STRATEGIES.get(type) as Strategy;
    t.same(options, strategy.options.parse({}), line);
    const { properties = {} } = z.toJSONSchema(strategy.options, { io: 'input' });
    for (const option of Object.keys(properties)) t.match(example, new RegExp(`[# ]${option}: `), `${type}: ${option}`);
    t.same(
      Object.keys(parse(line).strategy).sort(),
      ['type', ...Object.keys(options as object)].sort(),
      'the line has all that have defaults',
    );
  }
  for (const name of HASH_NAMES) t.match(example, new RegExp(`# hash: .*\\b${name}\\b`), name);
});

t.test('the list of strategies names each of the registry', async (t) => {
  for (const name of STRATEGIES.keys()) t.match(example, new RegExp(`^    #   ${name} +\\S`, 'm'), name);
});
