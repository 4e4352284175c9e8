import type { Locator, RingNode, Strategy } from '../../../src/routing/strategy.ts';

/** Nodes by name, or by name and weight; the label is the name, as for a node that is given one. */
export function ringNodes(...given: readonly (string | [name: string, weight: number])[]): RingNode[] {
  return given.map((item) => {
    const [name, weight] = typeof item === 'string' ? [item, 1] : item;
    return { name, label: name, weight };
  });
}

/** Builds a strategy from options as a user writes them. */
export function build(strategy: Strategy<never> | Strategy, nodes: readonly RingNode[], options: object = {}): Locator {
  return (strategy as Strategy).build(nodes, strategy.options.parse(options));
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function ownerOf(locator: Locator, key: Buffer | string): number {
  const buf = typeof key === 'string' ? Buffer.from(key) : key;
  return locator.owners[locator.locate(buf, 0, buf.length)] as number;
}

/** The same numbers on every run: xorshift32. */
export function randomUint32(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/**
 * Distinct keys as they occur and as they hurt: names with counters, binary of every length up to 40 with bytes of both signs, hash
 * tags whole, empty, unclosed, nested and doubled, and some above the block sizes of the hashes.
 */
export function mixedKeys(count: number, seed = 1): Buffer[] {
  const random = randomUint32(seed);
  const binary = (length: number): string => Array.from({ length }, () => String.fromCharCode(random() & 0xff)).join('');
  const makers: ((i: number) => string)[] = [
    (i) => `user:${i}`,
    (i) => binary(1 + (i % 40)),
    (i) => `{user${i % 97}}:${i}`,
    (i) => `a{${binary(1 + (i % 13))}}${i}`,
    (i) => `x{}${i}`,
    (i) => `open{${i}`,
    (i) => `close}${i}{`,
    (i) => `{{n${i % 31}}}${i}`,
    (i) => `{a${i}}{b}`,
    (i) => `$t${i % 53}$${i}`,
    (i) => `long:${binary(60 + (i % 200))}`,
  ];
  const keys = new Set<string>(['{}', '{', '}', '}{', '\0', '\xff', ' ', '{\0}', '$$', '$', 'a\r\nb']);
  for (let i = 0; keys.size < count; i++) keys.add((makers[i % makers.length] as (i: number) => string)(i));
  return Array.from(keys, bytes);
}
