import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PROJECT_ROOT } from '../support/project.ts';

const read = (...path: string[]): string => readFileSync(join(PROJECT_ROOT, ...path), 'utf8');

t.test('each row of test/known-failures.md is a test, and tests name no other rows', async (t) => {
  const rows = [...read('test', 'known-failures.md').matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
  const named = new Set<number>();
  for (const file of readdirSync(join(PROJECT_ROOT, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue;
    for (const [, list = ''] of read('test', file).matchAll(/\brows? ((?:\d+, )*\d+): /g))
      for (const row of list.split(', ')) named.add(Number(row));
  }
  t.same(
    [...named].sort((a, b) => a - b),
    rows,
  );
});
