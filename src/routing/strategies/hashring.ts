import { createHash } from 'node:crypto';
import HashRing from 'hashring';
import { z } from 'zod';
import type { HashFn } from '../hash/hash.ts';
import { md5 } from '../hash/md5.ts';
import type { Locator, RingNode, Strategy } from '../strategy.ts';
import { Continuum } from './continuum.ts';
import { printable } from './explain.ts';

const count = z.int().positive();

const options = z.strictObject({
  algorithm: z.string().default('md5').describe("The package's second argument: a digest the runtime's crypto module knows."),
  vnode_count: count.default(40).describe('The package\'s "vnode count": digests per node of average weight.'),
  vnodes: z
    .record(z.string(), count)
    .default({})
    .describe('Digests of single nodes by name, whatever they weigh; the package\'s "vnodes".'),
  replicas: count.default(4).describe('Points made of each digest.'),
  compatibility: z
    .enum(['ketama', 'hash_ring'])
    .optional()
    .describe("ketama: four points of each digest; hash_ring: three, as Python's package. Wins over replicas."),
  default_port: z.int().min(1).max(65535).optional().describe('Left out of the names of nodes that have it, for ketama compatibility.'),
});

export type HashringOptions = z.infer<typeof options>;

/** The npm package `hashring`'s own ring, for applications that shard with it. A partition is a point of the ring. */
export const hashring: Strategy<HashringOptions> = {
  type: 'hashring',
  placement: 'keyed',
  ejectable: true,
  options,
  build: (nodes, given) => new HashringLocator(packageContinuum(nodes, given), given.algorithm),
};

class HashringLocator implements Locator {
  readonly partitions: number;
  readonly owners: Uint16Array;
  readonly #continuum: Continuum;
  readonly #hash: HashFn;
  readonly #algorithm: string;

  constructor(continuum: Continuum, algorithm: string) {
    this.partitions = continuum.size;
    this.owners = continuum.owners;
    this.#continuum = continuum;
    this.#algorithm = algorithm;
    this.#hash = algorithm === 'md5' ? md5 : (buf, start, end) => firstWord(algorithm, buf, start, end);
  }

  locate(buf: Uint8Array, start: number, end: number): number {
    return this.#continuum.find(this.#hashOf(buf, start, end));
  }

  explain(key: Uint8Array): string[] {
    const hash = this.#hashOf(key, 0, key.length);
    return [`hashed part: ${printable(key)}`, `${this.#algorithm}: ${hash}`, this.#continuum.explain(this.#continuum.find(hash))];
  }

  /** An application hands the package strings, so bytes that are no UTF-8 count as what a string would hold in their place. */
  #hashOf(buf: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      if ((buf[i] as number) >= 0x80) {
        const text = Buffer.from(Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('utf8'));
        return this.#hash(text, 0, text.length);
      }
    }
    return this.#hash(buf, start, end);
  }
}

function firstWord(algorithm: string, buf: Uint8Array, start: number, end: number): number {
  return createHash(algorithm).update(buf.subarray(start, end)).digest().readUInt32LE(0);
}

/**
 * The ring as the package builds it. Only its points are taken: its look-up hashes into strings and keeps a cache that is a
 * plain object, which keys like `__proto__` would corrupt. Points of equal value stay in the order of the nodes, as there.
 */
function packageContinuum(nodes: readonly RingNode[], given: HashringOptions): Continuum {
  const servers: Record<string, { weight: number; vnodes?: number }> = Object.create(null);
  const vnodes = new Map(Object.entries(given.vnodes));
  for (const { name, weight } of nodes) {
    const own = vnodes.get(name);
    servers[name] = own === undefined ? { weight } : { weight, vnodes: own };
  }
  const built = new HashRing(servers, given.algorithm, {
    'vnode count': given.vnode_count,
    replicas: given.replicas,
    ...(given.compatibility === undefined ? {} : { compatibility: given.compatibility }),
    ...(given.default_port === undefined ? {} : { 'default port': given.default_port }),
  });
  const names = nodes.map((node) => node.name);
  const pointsOf = built.points(names);
  const points = names.flatMap((name) => pointsOf[name] as number[]);
  const owners = names.flatMap((name, index) => (pointsOf[name] as number[]).map(() => index));
  if (points.length === 0) throw new Error('these weights and vnode counts leave the ring without a point: raise vnode_count');
  return new Continuum(points, owners);
}
