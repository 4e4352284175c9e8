import fc from 'fast-check';
import type { Test } from 'tap';
import { scanRequests, split } from '../../src/kernel/kernel.ts';
import { AHEAD, AHEAD_AT, ARGS_AT, BYTES_MAX, CELL_INTS, CELLS, CELLS_AT, ORDER, ORDER_AT } from '../../src/kernel/memory.ts';
import { stage } from '../../src/kernel/staged.ts';
import { type Lookup, OwnerTable } from '../../src/kernel/tables.ts';
import type { Locator, RingNode, Strategy } from '../../src/routing/strategy.ts';
import { viewOf } from '../support/view.ts';
import { build, bytes, mixedKeys, ownerOf, ringNodes } from '../unit/routing/helpers.ts';

/** What a strategy is held to beyond what every strategy owes. */
export interface Subject {
  readonly name: string;
  readonly strategy: Strategy;
  readonly options?: object;
  /** Opening and closing byte where keys with the same tag must stay together. */
  readonly tag?: string;
  /** Nodes get keys by weight. */
  readonly weighted?: boolean;
  /** Taking a node out moves its own keys only. */
  readonly consistent?: boolean;
  /** Its keys can be hashed in the kernel. */
  readonly kernel?: boolean;
  /** Refuses options it does not know. */
  readonly strict?: boolean;
}

const FIVE = ringNodes('alpha', 'beta', 'gamma', 'delta', 'epsilon');
const KEYS = mixedKeys(2000, 21);
const NAMES = Array.from({ length: 20_000 }, (_, i) => `user:${i}`);

/** One suite for every strategy: what the data path relies on. */
export function strategySuite(t: Test, subject: Subject): void {
  const { strategy, options = {} } = subject;
  const make = (nodes: readonly RingNode[] = FIVE): Locator => build(strategy, nodes, options);

  t.test('names itself and what it allows', async (t) => {
    t.match(strategy.type, /./);
    t.ok(['keyed', 'any'].includes(strategy.placement));
    t.type(strategy.ejectable, 'boolean');
    t.equal(strategy.options.safeParse({ ...options, no_such_option: 1 }).success, !subject.strict);
  });

  t.test('has one valid owner for each partition', async (t) => {
    for (const nodes of [FIVE, FIVE.slice(0, 1), FIVE.slice(0, 2)]) {
      const locator = make(nodes);
      t.ok(Number.isInteger(locator.partitions) && locator.partitions >= 1);
      t.type(locator.owners, Uint16Array);
      t.equal(locator.owners.length, locator.partitions);
      t.ok(locator.owners.every((owner) => owner < nodes.length));
      if (strategy.placement === 'keyed') t.equal(new Set(locator.owners).size, nodes.length, 'no node is left out');
    }
  });

  t.test('gives every key a partition: text, binary, long, empty', async (t) => {
    const locator = make();
    for (const key of [...KEYS, bytes(''), Buffer.alloc(100_000, 'k')]) {
      const partition = locator.locate(key, 0, key.length);
      if (!Number.isInteger(partition) || partition < 0 || partition >= locator.partitions)
        t.fail(`${partition} for ${key.toString('hex')}`);
    }
  });

  t.test('says how the kernel hashes its keys, where it can: the same partitions follow, and the same owners', async (t) => {
    const locator = make();
    const { hashing, lookup } = locator;
    t.equal(hashing !== undefined && hashing !== null, subject.kernel ?? false);
    if (hashing === undefined || hashing === null) return;
    const { which, open, close } = hashing;
    const table = new OwnerTable(lookup as Lookup, locator.owners).place();
    for (let from = 0; from < KEYS.length; from += 100) {
      const keys = [...KEYS.slice(from, from + 100), bytes('')];
      const partitions = keys.map((key) => locator.locate(key, 0, key.length));
      const hashes = keys.map((key) => {
        const view = viewOf('GET', key);
        const base = stage(view);
        scanRequests(base, base + view.limit - view.base, 1, BYTES_MAX, AHEAD_AT, which, open, close, 0);
        return (AHEAD[2] as number) >>> 0;
      });
      t.strictSame(
        hashes.map((hash) => locator.locateHash?.(hash)),
        partitions,
      );
      const base = stage(viewOf('MSET', ...keys.flatMap((key) => [key, 'value'])));
      split(which, open, close, table, base, ARGS_AT, 1, 2, keys.length, ORDER_AT, CELLS_AT);
      t.strictSame(
        Array.from(ORDER.subarray(0, keys.length), (fragment) => CELLS[fragment * CELL_INTS]),
        partitions.map((partition) => locator.owners[partition]),
      );
    }
  });

  t.test('gives the same key the same partition: again, in any order, from another build', async (t) => {
    const [one, two] = [make(), make()];
    t.strictSame(one.owners, two.owners);
    const forward = KEYS.map((key) => one.locate(key, 0, key.length));
    const backward = KEYS.toReversed().map((key) => two.locate(key, 0, key.length));
    t.strictSame(backward.toReversed(), forward);
    t.strictSame(
      KEYS.map((key) => one.locate(key, 0, key.length)),
      forward,
    );
  });

  t.test('sees the key only, whatever stands around it, and leaves the buffer as it was', async (t) => {
    const locator = make();
    const part = fc.uint8Array({ maxLength: 70 });
    fc.assert(
      fc.property(part, part, part, (before, key, after) => {
        const alone = locator.locate(key, 0, key.length);
        const host = Buffer.concat([before, key, after]);
        const copy = Buffer.from(host);
        const view = new Uint8Array(host.buffer, host.byteOffset, host.length);
        const [start, end] = [before.length, before.length + key.length];
        return locator.locate(host, start, end) === alone && locator.locate(view, start, end) === alone && host.equals(copy);
      }),
    );
    for (const [before, after] of ['{}', '}{', '{{', '}}', '$$'] as const) {
      const around = KEYS.slice(0, 200).filter((key) => {
        const host = Buffer.concat([bytes(before as string), key, bytes(after as string)]);
        return locator.locate(host, 1, 1 + key.length) !== locator.locate(key, 0, key.length);
      });
      t.strictSame(around, [], `between ${before} and ${after}`);
    }
  });

  t.test('keeps no buffer: what is written there later changes nothing', async (t) => {
    const locator = make();
    const shared = Buffer.alloc(300);
    const first = KEYS.map((key) => locator.locate(shared, 0, key.copy(shared)));
    shared.fill(0xee);
    const wrong = KEYS.filter((key, i) => locator.locate(key, 0, key.length) !== first[i]);
    t.strictSame(wrong, []);
  });

  t.test('explains any key in printable lines', async (t) => {
    const locator = make();
    if (locator.explain === undefined) return;
    const wrong = KEYS.slice(0, 300).flatMap((key) => {
      const lines = locator.explain?.(key) ?? [];
      return lines.length > 0 && lines.every((line) => /^[\x20-\x7e]+$/.test(line)) ? [] : [lines.join(' | ')];
    });
    t.strictSame(wrong, []);
  });

  if (strategy.placement === 'keyed') keyedSuite(t, subject, make);
}

function keyedSuite(t: Test, subject: Subject, make: (nodes?: readonly RingNode[]) => Locator): void {
  t.test('spreads keys: every node has between half and one and a half of its share', async (t) => {
    for (const share of sharesOf(make(), 5)) t.ok(share > 0.1 && share < 0.3, `${share}`);
  });

  if (subject.tag !== undefined) {
    const [open, close] = subject.tag;
    t.test('keeps keys with one hash tag together', async (t) => {
      const locator = make();
      const at = (key: string): number => locator.locate(bytes(key), 0, key.length);
      const homes = new Set<number>();
      for (let i = 0; i < 200; i++) {
        const home = at(`user${i}`);
        homes.add(home);
        t.equal(at(`${open}user${i}${close}`), home);
        t.equal(at(`profile:${open}user${i}${close}:x`), home);
        t.equal(at(`${open}user${i}${close}${open}other${close}`), home);
      }
      t.ok(homes.size >= Math.min(10, locator.partitions), 'different tags have different homes');
      const empty = Array.from({ length: 200 }, (_, i) => at(`${open}${close}${i}`));
      t.ok(new Set(empty).size >= Math.min(10, locator.partitions), 'an empty tag is none');
    });
  }

  if (subject.weighted) {
    t.test('respects weights', async (t) => {
      const [a, b, c, d] = sharesOf(make(ringNodes(['a', 1], ['b', 1], ['c', 2], ['d', 4])), 4) as [number, number, number, number];
      t.ok(Math.abs(d - 0.5) < 0.1, `weight 4 of 8: ${d}`);
      t.ok(Math.abs(c - 0.25) < 0.08, `weight 2 of 8: ${c}`);
      t.ok(Math.abs(a - 0.125) < 0.05 && Math.abs(b - 0.125) < 0.05, `weight 1 of 8: ${a}, ${b}`);
    });
  }

  if (subject.consistent) {
    t.test('taking a node out moves its own keys only', async (t) => {
      const full = make();
      for (let out = 0; out < FIVE.length; out++) {
        const rest = FIVE.filter((_, i) => i !== out);
        const less = make(rest);
        const before = NAMES.map((key) => FIVE[ownerOf(full, key)]?.name);
        const moved = NAMES.filter((key, i) => before[i] !== FIVE[out]?.name && rest[ownerOf(less, key)]?.name !== before[i]);
        t.strictSame(moved, []);
      }
    });
  }
}

function sharesOf(locator: Locator, nodes: number): number[] {
  const counts = new Array<number>(nodes).fill(0);
  for (const key of NAMES) {
    const owner = ownerOf(locator, key);
    counts[owner] = (counts[owner] as number) + 1;
  }
  return counts.map((count) => count / NAMES.length);
}
