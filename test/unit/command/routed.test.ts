import t from 'tap';
import { nodeOfRoute, rowOfRoute } from '../../../src/command/routed.ts';
import type { CommandRow } from '../../../src/command/row.ts';
import { arityOk, COMMAND_ROWS, commandOf, rowByName } from '../../../src/command/table.ts';
import { scanRequests } from '../../../src/kernel/kernel.ts';
import { AHEAD, AHEAD_AT, BYTES_MAX } from '../../../src/kernel/memory.ts';
import { stage } from '../../../src/kernel/staged.ts';
import { OwnerTable } from '../../../src/kernel/tables.ts';
import { slotOf } from '../../../src/routing/hash/slot.ts';
import { viewOf } from '../../support/view.ts';

const NODES = 7;
const KEY = Buffer.from('key');
const OWNER = slotOf(KEY, 0, KEY.length) % NODES;
const table = new OwnerTable(
  { partitions: NODES, ring: null },
  Uint16Array.from({ length: NODES }, (_, i) => i),
).place();

/** What the kernel says of a request with that name and so many arguments in all; -1: nothing. */
function routeOf(name: string | Buffer, argc: number): number {
  const view = viewOf(name, ...Array.from({ length: argc - 1 }, () => KEY));
  const base = stage(view);
  t.equal(scanRequests(base, base + view.limit - view.base, 1, BYTES_MAX, AHEAD_AT, 2, -1, 0, table), 1);
  return AHEAD[3] as number;
}

/** What the dispatcher forwards without another look, and the kernel can tell. */
function isPlain(row: CommandRow): boolean {
  return (
    row.policy === 'shard' && row.soleKey === 1 && row.guard === undefined && row.subcommands === undefined && /^[a-z]{1,8}$/.test(row.name)
  );
}

t.test('of each command the kernel routes just what argument 1 decides, in any case, with the right number of arguments', async (t) => {
  let routed = 0;
  for (const row of COMMAND_ROWS) {
    if (row.name.includes('|')) continue;
    const mixed = [...row.name].map((letter, i) => (i % 2 === 0 ? letter.toUpperCase() : letter)).join('');
    for (const name of [row.name, row.name.toUpperCase(), mixed]) {
      for (let argc = 1; argc <= 6; argc++) {
        const route = routeOf(name, argc);
        const wanted = isPlain(row) && argc > 1 && arityOk(row, argc);
        if (wanted !== (route !== -1)) t.fail(`${name} with ${argc} arguments: route ${route}`);
        if (route === -1) continue;
        routed++;
        if (rowOfRoute(route) !== row || nodeOfRoute(route) !== OWNER)
          t.fail(`${name}: ${rowOfRoute(route).name} at ${nodeOfRoute(route)}`);
      }
    }
  }
  t.ok(routed > 500, `${routed} routed`);
  t.ok(isPlain(rowByName('get') as CommandRow) && isPlain(rowByName('zscore') as CommandRow));
});

t.test('names that are nearly one are none', async (t) => {
  // Each byte with another bit changed: of these only the one between capital and small letters leaves the name what it is.
  for (const name of ['get', 'SET', 'Hincrby', 'smembers']) {
    for (let at = 0; at < name.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(name);
        changed[at] = (changed[at] as number) ^ (1 << bit);
        const row = commandOf(viewOf(changed, KEY));
        for (let argc = 2; argc <= 4; argc++) {
          const route = routeOf(changed, argc);
          const wanted = row !== null && isPlain(row) && arityOk(row, argc) ? row : null;
          t.equal(route === -1 ? null : rowOfRoute(route), wanted, changed.toString('latin1'));
        }
      }
    }
  }
  for (const name of ['', 'g', 'ge', 'gett', 'getgetget', 'get\0', '\0get', 'get ']) t.equal(routeOf(name, 2), -1, JSON.stringify(name));
});

t.test('without a table nothing is routed', async (t) => {
  const view = viewOf('GET', KEY);
  const base = stage(view);
  scanRequests(base, base + view.limit - view.base, 1, BYTES_MAX, AHEAD_AT, 2, -1, 0, 0);
  t.equal(AHEAD[3], -1);
  scanRequests(base, base + view.limit - view.base, 1, BYTES_MAX, AHEAD_AT, -1, -1, 0, table);
  t.equal(AHEAD[3], -1);
});
