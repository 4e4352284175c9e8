import t from 'tap';
import type { CommandRow } from '../../src/command/row.ts';
import { COMMAND_ROWS } from '../../src/command/table.ts';
import { startFleet } from '../support/fleet.ts';
import { startScriptedNode } from '../support/scripted-node.ts';

/** A request of the least valid number of arguments. */
function requestOf(row: CommandRow): string[] {
  const words = row.name.split('|');
  const fill = Math.max(0, Math.abs(row.arity) - words.length);
  return [...words.map((word) => word.toUpperCase()), ...Array.from({ length: fill }, () => '1')];
}

/** Commands that pass, but not with these arguments. */
const GUARDED = ['SORT l BY weight_* GET data_*', 'SORT l GET data_*', 'SORT_RO l BY w_*'];

t.test('rows 26, 37: refused commands get an error, reach no node and leave the connection usable', async (t) => {
  const nodes = await Promise.all([0, 1].map(() => startScriptedNode(() => '+PONG\r\n')));
  const fleet = await startFleet({ addresses: nodes.map(({ address }) => address) });
  t.teardown(() => Promise.all([fleet.stop(), ...nodes.map((node) => node.stop())]));
  const client = await fleet.connect({ deadlineMs: 20_000 });
  const others = (): number => nodes.flatMap(({ requests }) => requests).filter(({ args }) => args[0] !== 'COMMAND').length;
  const atNode = others();

  const all = COMMAND_ROWS.filter((row) => row.policy === 'refuse');
  const refused = all.filter((row) => row.subcommands === undefined);
  t.ok(refused.length > 50, `${refused.length} rows`);
  const requests = refused.map(requestOf);
  const replies = await client.pipeline(requests);
  refused.forEach((row, i) => {
    const { text } = replies[i] as { text: string };
    const wanted = `-ERR ${row.refusal}\r\n`;
    if (text !== wanted) t.equal(text, wanted, row.name);
    if (!/^-ERR keyfan: '[a-z_|-]+' is not supported: .{10,}\r\n$/.test(text)) t.fail(text);
  });

  for (const { name } of all.filter((row) => row.subcommands !== undefined)) {
    t.equal((await client.command(name)).text, `-ERR wrong number of arguments for '${name}' command\r\n`);
    t.equal((await client.command(name, 'nosuch')).text, `-ERR unknown subcommand 'nosuch'. Try ${name.toUpperCase()} HELP.\r\n`);
  }

  for (const line of GUARDED) {
    const { text } = await client.command(...line.split(' '));
    t.match(text, /^-ERR keyfan: '\w+' with .* is not supported: /, line);
  }
  for (const name of ['constructor', '__proto__', 'toString', 'prototype']) {
    t.match((await client.command(name, 'x')).text, new RegExp(`^-ERR unknown command '${name}', with args beginning with: 'x' \r\n$`));
  }
  t.equal((await client.command('ECHO', 'still here')).value, 'still here');
  t.equal(others(), atNode, 'nothing but what keyfan itself asks came to the node');
});

t.test('POST and Host: are dropped without a reply, in any case', async (t) => {
  const fleet = await startFleet({ nodes: 1 });
  t.teardown(() => fleet.stop());
  for (const bytes of ['POST / HTTP/1.1\r\n', 'host: x\r\n', '*1\r\n$4\r\npOsT\r\n']) {
    const client = await fleet.connect();
    client.send(bytes);
    t.equal((await client.waitClosed()).length, 0, JSON.stringify(bytes));
  }
});
