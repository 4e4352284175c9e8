import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { md5Quarters } from '../../src/routing/hash/md5.ts';
import { HASHES, type HashName } from '../../src/routing/hash/registry.ts';
import { labelOrder } from '../../src/routing/strategies/labels.ts';
import { modulo } from '../../src/routing/strategies/modulo.ts';
import { ketamaContinuum, ring } from '../../src/routing/strategies/ring.ts';
import type { Locator, RingNode } from '../../src/routing/strategy.ts';
import { build, ownerOf, ringNodes } from '../unit/routing/helpers.ts';

interface Pool {
  config_yaml: string;
  servers_in_index_order: { index: number; desc: string }[];
  ncontinuum: number;
  continuum_md5_of_space_joined_value_colon_index: string;
  continuum_first: string[];
  continuum_last: string[] | null;
  key_to_server_index: Record<string, number>;
}

interface Vectors {
  hash_vectors: { key_hex: string; hash: Record<string, number> }[];
  ketama_point_hash: { label: string; alignment: number; value: number }[];
  pools: Record<string, Pool>;
  equal_weight_pool_sizes_with_156_points_per_server_upto_200: Record<string, number>;
}

interface PoolConfig {
  hash: HashName;
  distribution: 'ketama' | 'modula';
  servers: string[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../../test/vectors/twemproxy-vectors.json', import.meta.url), 'utf8'));

t.test('hashes', async (t) => {
  t.equal(vectors.hash_vectors.length, 26);
  for (const { key_hex, hash } of vectors.hash_vectors) {
    const key = Buffer.from(key_hex, 'hex');
    t.equal(Object.keys(hash).length, HASHES.size);
    for (const [name, value] of Object.entries(hash)) {
      t.equal(HASHES.get(name as HashName)?.(key, 0, key.length), value, `${name} of ${key_hex}`);
    }
  }
});

t.test('ring points', async (t) => {
  t.equal(vectors.ketama_point_hash.length, 2);
  for (const { label, alignment, value } of vectors.ketama_point_hash) {
    const points = new Uint32Array(4);
    md5Quarters(Buffer.from(label), 0, label.length, points, 0);
    t.equal(points[alignment], value, `${label} ${alignment}`);
  }
});

/** `host:port:weight [name]`, read from the right. */
function nodeOf(line: string): RingNode {
  const [address = '', name] = line.split(' ');
  const colon = address.lastIndexOf(':');
  const hostPort = address.slice(0, colon);
  return { name: name ?? hostPort, label: name ?? hostPort.replace(/:11211$/, ''), weight: Number(address.slice(colon + 1)) };
}

/** Each partition as the vectors write it: `value:index`, values all 0 for modula. */
function continuumOf(config: PoolConfig, nodes: RingNode[], locator: Locator, indexOf: Map<number, number>): string[] {
  const points = config.distribution === 'ketama' ? ketamaContinuum(nodes).points : undefined;
  return Array.from(locator.owners, (owner, i) => `${points?.[i] ?? 0}:${indexOf.get(owner)}`);
}

for (const [name, pool] of Object.entries(vectors.pools)) {
  t.test(`pool ${name}`, async (t) => {
    const config = Object.values(parse(pool.config_yaml) as Record<string, PoolConfig>)[0] as PoolConfig;
    const nodes = config.servers.map(nodeOf);
    const order = labelOrder(nodes);
    const indexOf = new Map(order.map((node, index) => [node, index]));
    const locator =
      config.distribution === 'ketama'
        ? build(ring, nodes, { hash: config.hash, hash_tag: '' })
        : build(modulo, nodes, { hash: config.hash, hash_tag: '', order: 'label' });

    const described = order.map((node, index) => {
      const points = locator.owners.filter((owner) => owner === node).length;
      return { index, name: nodes[node]?.label, weight: nodes[node]?.weight, points };
    });
    const expected = pool.servers_in_index_order.map(({ index, desc }) => {
      const [, label, weight, points] = /^name=(\S+) pname=\S+ weight=(\d+) points=(\d+)$/.exec(desc) ?? [];
      return { index, name: label, weight: Number(weight), points: Number(points) };
    });
    t.strictSame(described, expected);

    const continuum = continuumOf(config, nodes, locator, indexOf);
    t.equal(continuum.length, pool.ncontinuum);
    t.strictSame(continuum.slice(0, pool.continuum_first.length), pool.continuum_first);
    if (pool.continuum_last !== null) t.strictSame(continuum.slice(-pool.continuum_last.length), pool.continuum_last);
    t.equal(createHash('md5').update(continuum.join(' ')).digest('hex'), pool.continuum_md5_of_space_joined_value_colon_index);

    const keys = Object.entries(pool.key_to_server_index);
    t.equal(keys.length, 25);
    for (const [key, index] of keys) t.equal(indexOf.get(ownerOf(locator, key)), index, key);
  });
}

t.test('156 points instead of 160 where single precision rounds down, for all sizes up to 200', async (t) => {
  const special = new Map(Object.entries(vectors.equal_weight_pool_sizes_with_156_points_per_server_upto_200));
  t.equal(special.size, 19);
  for (let size = 1; size <= 200; size++) {
    const continuum = ketamaContinuum(ringNodes(...Array.from({ length: size }, (_, i) => `server${i}`)));
    t.equal(continuum.size, size * (special.get(String(size)) ?? 160), `${size} nodes`);
  }
});
