import t from 'tap';
import { CATALOG } from '../../../src/command/catalog.ts';
import { COMMANDS } from '../../../src/command/generated/commands.ts';
import { collectKeys, KeyList } from '../../../src/command/keys.ts';
import { NEWER, NEWER_SUBCOMMANDS } from '../../../src/command/newer.ts';
import type { CommandRow } from '../../../src/command/row.ts';
import { arityOk, COMMAND_ROWS, commandOf, rowByName } from '../../../src/command/table.ts';
import { viewOf } from '../../support/view.ts';

const nameOf = (...args: (string | Buffer)[]): string | null => commandOf(viewOf(...args))?.name ?? null;

t.test('rows: one for each generated and newer command, dense ids, frozen', (t) => {
  const generated = COMMANDS.reduce((sum, command) => sum + 1 + (command.subcommands?.length ?? 0), 0);
  t.equal(COMMAND_ROWS.length, generated + NEWER.length + NEWER_SUBCOMMANDS.length);
  t.equal(new Set(COMMAND_ROWS.map((row) => row.name)).size, COMMAND_ROWS.length, 'no name twice');
  COMMAND_ROWS.forEach((row, index) => {
    if (row.id !== index || !Object.isFrozen(row) || rowByName(row.name) !== row) t.fail(`${row.name}: id ${row.id} at ${index}`);
  });
  const shape = Object.keys(COMMAND_ROWS[0] as CommandRow).join();
  t.ok(
    COMMAND_ROWS.every((row) => Object.keys(row).join() === shape),
    'one hidden class',
  );
  t.end();
});

t.test('look-up: every name in every case, subcommands by argument 1', (t) => {
  const mixed = (text: string): string => text.replace(/[a-z]/g, (letter, at: number) => (at % 2 === 0 ? letter.toUpperCase() : letter));
  for (const row of COMMAND_ROWS) {
    const words = row.name.split('|');
    for (const form of [words, words.map((word) => word.toUpperCase()), words.map(mixed)]) {
      if (nameOf(...form) !== row.name) t.fail(`${form.join(' ')} found ${nameOf(...form)}`);
    }
  }
  t.equal(nameOf('object', 'ENCODING', 'k'), 'object|encoding');
  t.equal(nameOf('OBJECT'), 'object', 'a container alone is its own row');
  t.equal(nameOf('get', 'encoding'), 'get', 'argument 1 counts for containers only');
  t.equal(nameOf('command'), 'command');
  t.end();
});

t.test('look-up: what is no command', (t) => {
  const odd = [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '',
    'ge',
    'gett',
    'get ',
    ' get',
    'get\0',
    'object|encoding',
    'x'.repeat(5000),
  ];
  for (const name of odd) t.equal(nameOf(name, 'k'), null, JSON.stringify(name.slice(0, 40)));
  for (const sub of [...odd, 'foo']) t.equal(nameOf('object', sub, 'k'), null, `object ${JSON.stringify(sub.slice(0, 40))}`);
  // Letters differ from these bytes by the case bit only.
  t.equal(nameOf(Buffer.from([0xc7, 0x45, 0x54]), 'k'), null);
  t.equal(nameOf('[et', 'k'), null);
  t.equal(nameOf('sort\x7fro', 'k'), null, '0x7f is 0x5f with the case bit');
  t.equal(rowByName('constructor'), undefined);
  t.end();
});

t.test('look-up: case folding touches letters only', (t) => {
  // "@" and "`", "[" and "{", "\\" and "|" differ by the case bit, too.
  t.equal(nameOf('client', 'no\rtouch'), null, '0x0d is 0x2d without the case bit');
  t.equal(nameOf('client', 'no-touch', 'on'), 'client|no-touch');
  t.end();
});

t.test('arity counts the command name and the container', (t) => {
  const ok = (name: string, argc: number): boolean => arityOk(rowByName(name) as CommandRow, argc);
  t.same(
    [1, 2, 3].map((argc) => ok('get', argc)),
    [false, true, false],
  );
  t.same(
    [1, 2, 3, 9].map((argc) => ok('mget', argc)),
    [false, true, true, true],
  );
  t.same(
    [2, 3, 4].map((argc) => ok('object|encoding', argc)),
    [false, true, false],
  );
  t.end();
});

t.test('write: what may change data', (t) => {
  for (const name of ['set', 'del', 'xreadgroup', 'sort', 'eval', 'fcall', 'getex', 'xgroup|create', 'hexpire', 'msetex', 'georadius']) {
    t.equal(rowByName(name)?.write, true, name);
  }
  for (const name of ['get', 'mget', 'exists', 'touch', 'sort_ro', 'eval_ro', 'object|encoding', 'ping', 'xread', 'httl']) {
    t.equal(rowByName(name)?.write, false, name);
  }
  t.end();
});

t.test('soleKey: always exactly that key, whatever the arguments', (t) => {
  const keys = new KeyList();
  const words = ['1', 'STORE', 'STREAMS', 'KEYS', 'k', '0', 'BY', 'x*'];
  for (const row of COMMAND_ROWS.filter((candidate) => candidate.soleKey > 0)) {
    const least = Math.abs(row.arity);
    t.ok(row.soleKey < least, `${row.name}: the arity guarantees the key`);
    for (let argc = least; argc < least + (row.arity < 0 ? 6 : 1); argc++) {
      const name = row.name.split('|');
      const args = Array.from({ length: argc - name.length }, (_, i) => words[(i * 3 + argc) % words.length] as string);
      const count = collectKeys(row, viewOf(...name, ...args), keys);
      if (count !== 1 || keys.at[0] !== row.soleKey) t.fail(`${row.name} with ${args}: ${keys.at.subarray(0, count)}`);
    }
  }
  for (const [name, sole] of Object.entries({
    get: 1,
    set: 1,
    xadd: 1,
    'object|encoding': 2,
    'memory|usage': 2,
    'xgroup|create': 2,
    georadius_ro: 1,
  })) {
    t.equal(rowByName(name)?.soleKey, sole, name);
  }
  t.ok(
    COMMAND_ROWS.every((row) => row.soleKey === 0 || row.guard === undefined),
    'no fast path around a guard',
  );
  for (const name of [
    'mget',
    'sort_ro',
    'sort',
    'georadius',
    'georadiusbymember',
    'xread',
    'rename',
    'eval',
    'zunion',
    'migrate',
    'blpop',
    'ping',
    'lcs',
    'object',
  ]) {
    t.equal(rowByName(name)?.soleKey, 0, name);
  }
  t.end();
});

t.test('newer commands have the layout of their families', (t) => {
  const keys = new KeyList();
  const found = (...args: string[]): number[] => {
    const view = viewOf(...args);
    const row = commandOf(view) as CommandRow;
    t.equal(row.policy, 'shard', row.name);
    return Array.from(keys.at.subarray(0, Math.max(collectKeys(row, view, keys), 0)));
  };
  t.same(found('HEXPIRE', 'h', '10', 'FIELDS', '1', 'f'), [1]);
  t.same(found('MSETEX', '2', 'a', '1', 'b', '2', 'EX', '9'), [2, 4]);
  t.same(found('MSETEX', '2', 'a', '1', 'b'), [], 'the last key lacks its value');
  t.same(found('SUNIONCARD', '2', 'a', 'b', 'LIMIT', '3'), [2, 3]);
  t.same(found('LMOVEM', 'a', 'b', 'LEFT', 'RIGHT'), [1, 2]);
  t.same(found('DELIFEQ', 'k', 'v'), [1]);
  t.same(found('VSIM', 'k', 'ELE', 'e'), [1]);
  t.ok(NEWER.every((command) => CATALOG.includes(command)));
  t.end();
});
