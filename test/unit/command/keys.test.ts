import t from 'tap';
import { collectKeys, KeyList } from '../../../src/command/keys.ts';
import type { CommandRow } from '../../../src/command/row.ts';
import { commandOf } from '../../../src/command/table.ts';
import { viewOf } from '../../support/view.ts';

/** Indexes of the keys of a request written in words; `''` stands for an empty argument; null where it is invalid. */
function keysOf(request: string): number[] | null {
  const view = viewOf(...request.split(' ').map((word) => (word === "''" ? '' : word)));
  const keys = new KeyList();
  const count = collectKeys(commandOf(view) as CommandRow, view, keys);
  if (count < 0) return keys.count === 0 ? null : [-1];
  return Array.from(keys.at.subarray(0, count));
}

const CASES: readonly (readonly [request: string, keys: number[] | null])[] = [
  ['GET k', [1]],
  ['PING', []],
  ['SPUBLISH channel m', [1]],
  ['MGET a b c', [1, 2, 3]],
  ['MSET a 1 b 2', [1, 3]],
  ['MSET a 1 b', [1, 3]],
  ['MSETNX a 1 b 2', [1, 3]],
  ['RENAME a b', [1, 2]],
  ['BITOP AND d a b', [2, 3, 4]],
  ['BLPOP a b 0', [1, 2]],
  ['LCS a b LEN', [1, 2]],
  ['PFCOUNT a b', [1, 2]],
  ['PFMERGE d a b', [1, 2, 3]],
  ['SINTERSTORE d a b', [1, 2, 3]],
  ['ZUNIONSTORE d 2 a b WEIGHTS 1 2', [1, 3, 4]],
  ['ZUNION 2 a b', [2, 3]],
  ['SINTERCARD 1 a LIMIT 3', [2]],
  ['LMPOP 2 a b LEFT', [2, 3]],
  ['BLMPOP 0 2 a b LEFT', [3, 4]],
  ['EVAL s 2 a b x', [3, 4]],
  ['EVAL s 0 x', []],
  ['OBJECT ENCODING k', [2]],
  ['XGROUP CREATE k g $', [2]],
  ['XINFO STREAM k', [2]],
  ['MEMORY USAGE k', [2]],
  ['XREAD COUNT 1 STREAMS a b 0 0', [4, 5]],
  ['xread streams a 0', [2]],
  ['XREAD STREAMS a b 0', [2]],
  ['XREAD STREAMS a', null],
  ['XREAD COUNT 1 a', null],
  ['XREADGROUP GROUP g c STREAMS k >', [5]],
  ['XREADGROUP GROUP streams streams STREAMS k >', [5]],
  ['XREADGROUP COUNT 1 GROUP streams c STREAMS k >', [7]],
  ['SORT k', [1]],
  ['SORT k BY x GET # LIMIT 0 1 STORE d', [1, 10]],
  ['SORT k GET store ASC', [1]],
  ['SORT k STORE a STORE b', [1, 5]],
  ['SORT k STORE get STORE b', [1, 5]],
  ['SORT k STORE', [1]],
  ['GEORADIUS k 1 2 3 m', [1]],
  ['GEORADIUS k 1 2 3 m STORE d', [1, 7]],
  ['GEORADIUS k 1 2 3 m COUNT 1 STORE d STOREDIST e', [1, 9, 11]],
  ['GEORADIUS k 1 2 3 m STORE d STORE e', [1, 9]],
  ['GEORADIUSBYMEMBER k m 3 km STOREDIST d', [1, 6]],
  ['GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 m', [1, 2]],
  ['MIGRATE h 1 k 0 100', [3]],
  ["MIGRATE h 1 '' 0 100 KEYS a b", [7, 8]],
  ["MIGRATE h 1 '' 0 100 AUTH keys KEYS a", [9]],
  ['MIGRATE h 1 k 0 100 KEYS a', null],
  ['MIGRATE h 1 k 0 100 KEYS', [3]],
  ['PFMERGE d', [1]],
  // A count that is no count, 0, or more than there is.
  ['ZUNIONSTORE d 0 a', null],
  ['ZUNIONSTORE d x a', null],
  ['ZUNIONSTORE d -1 a', null],
  ['ZUNIONSTORE d 2 a', null],
  ['ZUNIONSTORE d 01 a', null],
  ['ZUNIONSTORE d +1 a', null],
  ["ZUNIONSTORE d '' a", null],
  ['ZUNIONSTORE d 4294967297 a', null],
  ['ZUNIONSTORE d 18446744073709551617 a', null],
  ['EVAL s 2 a', null],
  ['EVAL s x a', null],
  ["EVAL s '' a", null],
  // Arity is checked before; still no index may point behind the request.
  ['GET', null],
  ['RENAME a', null],
];

t.test('keys of requests', (t) => {
  for (const [request, keys] of CASES) t.same(keysOf(request), keys, request);
  t.end();
});

t.test('a list grows, and is reused from its beginning', (t) => {
  const names = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  const keys = new KeyList();
  for (const count of [1000, 2]) {
    const view = viewOf('MGET', ...names.slice(0, count));
    t.equal(collectKeys(commandOf(view) as CommandRow, view, keys), count);
    t.same(
      Array.from(keys.at.subarray(0, keys.count)),
      names.slice(0, count).map((_, i) => i + 1),
    );
  }
  t.end();
});
