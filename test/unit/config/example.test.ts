import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { jsonSchema } from '../../../src/config/json-schema.ts';
import { parseConfig, parseText } from '../../../src/config/load.ts';
import type { PoolConfig } from '../../../src/config/schema.ts';
import { PROJECT_ROOT } from '../../support/project.ts';

const read = (name: string) => readFileSync(join(PROJECT_ROOT, name), 'utf8');
const example = read('config.example.yaml');

type Json = { [key: string]: unknown };

/** Every key a map of the configuration may have, strategies' options (they have their own page) left out. */
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
