import { crc16, crc32, crc32a } from './crc.ts';
import { fnv1ax32, fnv1ax64, fnv1x32, fnv1x64 } from './fnv.ts';
import type { HashFn } from './hash.ts';
import { hsieh } from './hsieh.ts';
import { jenkins } from './jenkins.ts';
import { md5 } from './md5.ts';
import { murmur } from './murmur.ts';
import { oneAtATime } from './one-at-a-time.ts';

export const HASH_NAMES = [
  'one_at_a_time',
  'md5',
  'crc16',
  'crc32',
  'crc32a',
  'fnv1_64',
  'fnv1a_64',
  'fnv1_32',
  'fnv1a_32',
  'hsieh',
  'murmur',
  'jenkins',
] as const;

export type HashName = (typeof HASH_NAMES)[number];

const TABLE = {
  one_at_a_time: oneAtATime,
  md5,
  crc16,
  crc32,
  crc32a,
  fnv1_64: fnv1x64,
  fnv1a_64: fnv1ax64,
  fnv1_32: fnv1x32,
  fnv1a_32: fnv1ax32,
  hsieh,
  murmur,
  jenkins,
} as const satisfies Record<HashName, HashFn>;

/** nutcracker's hash functions by their names in its configuration. Bit for bit its own; see test/vectors. */
export const HASHES: ReadonlyMap<HashName, HashFn> = new Map(HASH_NAMES.map((name) => [name, TABLE[name]]));
