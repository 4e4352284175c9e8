import t from 'tap';
import { projectFiles, type TextFile } from '../support/project.ts';
import * as tidy from '../support/tidy.ts';

const src = projectFiles('src', '.ts');
const tests = projectFiles('test', '.ts');
const benchmarks = projectFiles('benchmarks', '.ts');
const scripts = projectFiles('scripts', '.mjs');

const file = (path: string, ...lines: readonly string[]): TextFile => ({ path, text: lines.join('\n') });
const lines = (count: number, line = 'x();'): string[] => Array.from({ length: count }, () => line);

interface Rule {
  readonly name: string;
  readonly check: tidy.Check;
  readonly over: readonly TextFile[];
  /** Each must be complained about, in these words. */
  readonly bad: readonly { readonly files: readonly TextFile[]; readonly says: RegExp }[];
  /** Must pass: the nearest thing that is allowed. */
  readonly good: readonly TextFile[];
}

const RULES: readonly Rule[] = [
  {
    name: 'rooms import only from rooms below',
    check: tidy.layerOrder,
    over: src,
    bad: [
      {
        files: [file('src/protocol/a.ts', "import { b } from '../routing/b.ts';")],
        says: /a\.ts:1: protocol must not import from routing/,
      },
      { files: [file('src/upstream/a.ts', "import type { B } from '../pool/b.ts';")], says: /upstream must not import from pool/ },
      { files: [file('src/errors/a.ts', "export { b } from '../util/b.ts';")], says: /errors must not import from util/ },
      { files: [file('src/util/a.ts', "const b = await import('../errors.ts');")], says: /util must not import from errors/ },
      { files: [file('src/pool/a.ts', "let b: import('../main.ts').B;")], says: /pool must not import from main/ },
      { files: [file('src/attic/a.ts')], says: /room attic has no place/ },
      { files: [file('src/util/a.ts', "import { b } from '../../test/b.ts';")], says: /outside src/ },
    ],
    good: [
      file('src/routing/a.ts', "import { b } from '../protocol/b.ts';", "import { c } from './hash/c.ts';", "import { z } from 'zod';"),
    ],
  },
  {
    name: 'own files are imported by their real name',
    check: tidy.importSpelling,
    over: src,
    bad: [
      { files: [file('src/util/a.ts', "import { b } from './b.js';")], says: /does not end in \.ts/ },
      { files: [file('src/util/a.ts', "import { b } from './b.ts';")], says: /src\/util\/b\.ts does not exist/ },
    ],
    good: [file('src/util/a.ts', "import { b } from './b.ts';"), file('src/util/b.ts')],
  },
  {
    name: 'no import cycles',
    check: tidy.noCycles,
    over: src,
    bad: [
      {
        files: [
          file('src/util/a.ts', "import { b } from './b.ts';"),
          file('src/util/b.ts', "import { c } from './c.ts';"),
          file('src/util/c.ts', "import type { a } from './a.ts';"),
        ],
        says: /^src\/util\/a\.ts → src\/util\/b\.ts → src\/util\/c\.ts → src\/util\/a\.ts$/,
      },
      { files: [file('src/util/a.ts', "import { a } from './a.ts';")], says: /a\.ts → src\/util\/a\.ts/ },
    ],
    good: [
      file('src/util/a.ts', "import { b } from './b.ts';", "import { c } from './c.ts';"),
      file('src/util/b.ts', "import { c } from './c.ts';"),
      file('src/util/c.ts'),
    ],
  },
  {
    name: 'protocol, command and routing are pure',
    check: tidy.pureRooms,
    over: src,
    bad: [
      { files: [file('src/protocol/a.ts', "import { connect } from 'node:net';")], says: /a\.ts:1: imports node:net/ },
      { files: [file('src/command/a.ts', "import { readFileSync } from 'node:fs';")], says: /imports node:fs/ },
      { files: [file('src/routing/load-strategy.ts', "import { connect } from 'node:net';")], says: /imports node:net/ },
      { files: [file('src/routing/a.ts', "import pino from 'pino';")], says: /imports pino/ },
      { files: [file('src/routing/a.ts', '', 'setTimeout(f, 1);')], says: /a\.ts:2: uses setTimeout/ },
      { files: [file('src/routing/a.ts', 'const later = setImmediate;')], says: /uses setImmediate/ },
      { files: [file('src/routing/a.ts', 'const t = Date.now();')], says: /uses Date\.now/ },
      { files: [file('src/routing/a.ts', 'const t = new Date();')], says: /uses new Date/ },
      { files: [file('src/routing/a.ts', 'const t = performance.now();')], says: /uses performance/ },
      {
        files: [file('src/protocol/a.ts', "import { now } from '../util/clock.ts';"), file('src/util/clock.ts', 'performance.now();')],
        says: /imports src\/util\/clock\.ts, which uses performance/,
      },
    ],
    good: [
      file('src/routing/load-strategy.ts', "import { existsSync } from 'node:fs';"),
      file('src/routing/a.ts', "import { z } from 'zod';", 'x.setTimeout = 1; y = { fetch: 2 }; z = new Date(5);'),
      file('src/upstream/a.ts', "import { connect } from 'node:net';", 'setTimeout(f, 1);'),
    ],
  },
  {
    name: `files up to ${tidy.FILE_LINES_MAX} lines`,
    check: tidy.fileSizes,
    over: src,
    bad: [{ files: [file('src/util/a.ts', ...lines(401))], says: /401 lines/ }],
    good: [file('src/util/a.ts', ...lines(400), ''), file('src/command/generated/a.ts', ...lines(401))],
  },
  {
    name: `functions up to ${tidy.FUNCTION_LINES_MAX} lines`,
    check: tidy.functionSizes,
    over: src,
    bad: [
      { files: [file('src/util/a.ts', 'function f() {', ...lines(69), '}')], says: /a\.ts:1: a function of 71 lines/ },
      { files: [file('src/util/a.ts', 'class A {', '  m() {', ...lines(69), '  }', '}')], says: /a\.ts:2: a function of 71 lines/ },
      { files: [file('src/util/a.ts', 'const f = () => {', ...lines(69), '};')], says: /71 lines/ },
    ],
    good: [file('src/util/a.ts', 'function f() {', ...lines(68), '}', 'class A {', ...lines(80, '  m() {}'), '}')],
  },
  {
    name: 'no reminders left behind',
    check: tidy.noReminders,
    over: [...src, ...tests, ...benchmarks, ...scripts],
    bad: [
      { files: [file('src/util/a.ts', 'x();', `// ${'TO'}${'DO'}: later`)], says: /a\.ts:2/ },
      { files: [file('src/util/a.ts', `/* ${'FIX'}${'ME'} */`)], says: /a\.ts:1/ },
    ],
    good: [file('src/util/a.ts', "t.todo('x');")],
  },
  {
    name: 'no debugging left behind',
    check: tidy.noDebugging,
    over: src,
    bad: [
      { files: [file('src/util/a.ts', "console.log('x');")], says: /console\.log/ },
      { files: [file('src/util/a.ts', 'debugger;')], says: /debugger/ },
    ],
    good: [file('src/util/a.ts', "const text = 'console.log(1); debugger';")],
  },
  {
    name: 'no test runs alone',
    check: tidy.noOnly,
    over: [...src, ...tests],
    bad: [
      { files: [file('test/a.test.ts', "t.only('x', f);")], says: /a\.test\.ts:1/ },
      { files: [file('test/a.test.ts', "t.test('x', { only: true }, f);")], says: /a\.test\.ts:1/ },
    ],
    good: [file('test/a.test.ts', "t.test('only', f);")],
  },
  {
    name: 'no barrels but registries',
    check: tidy.noBarrels,
    over: src,
    bad: [
      { files: [file('src/util/index.ts', "export { a } from './a.ts';")], says: /only passes on exports/ },
      { files: [file('src/util/b.ts', "export * from './a.ts';", 'export const b = 1;')], says: /export \*/ },
    ],
    good: [file('src/routing/strategies/registry.ts', "export { a } from './a.ts';"), file('src/util/a.ts', 'export const a = 1;')],
  },
  {
    name: 'what is exported is used somewhere',
    check: (files) => tidy.unusedExports([...files, ...tests, ...benchmarks])(files),
    over: src,
    bad: [
      { files: [file('src/util/a.ts', 'export const lonely = 1;')], says: /a\.ts:1: lonely/ },
      {
        files: [file('src/util/a.ts', 'export function f() {}', 'export class C {}'), file('src/util/b.ts', "import { f } from './a.ts';")],
        says: /a\.ts:2: C/,
      },
    ],
    good: [
      file('src/util/a.ts', 'export const a = 1;', 'export interface I {}'),
      file('src/util/b.ts', "import { a as c } from './a.ts';"),
      file('src/util/d.ts', 'export const d = 1;'),
      file('src/util/e.ts', "const all = await import('./d.ts');"),
    ],
  },
];

t.ok(src.length > 5, 'the sources are found');

for (const rule of RULES) {
  t.test(rule.name, async (t) => {
    for (const { files, says } of rule.bad) t.match(rule.check(files)[0] ?? 'no complaint', says, `catches ${says}`);
    t.strictSame(rule.check(rule.good), [], 'allows what is allowed');
    t.strictSame(rule.check(rule.over), [], `holds in ${rule.over.length} files`);
  });
}
