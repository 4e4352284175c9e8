import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PROJECT_ROOT } from '../support/project.ts';

const read = (name: string) => readFileSync(join(PROJECT_ROOT, name), 'utf8');
const page = read('ARCHITECTURE.md');
const section = (title: string) => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) as string;

t.test('the rooms with the most files name each of them', async (t) => {
  const words = new Set(section('Rooms').split(/[^\w-]+/));
  for (const room of ['util', 'downstream']) {
    const files = readdirSync(join(PROJECT_ROOT, 'src', room)).filter((name) => name.endsWith('.ts'));
    t.same(
      files.map((name) => name.replace('.ts', '')).filter((name) => !words.has(name)),
      [],
      room,
    );
  }
});

t.test('there is a line for every npm script', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const words = new Set(section('How to check').split(/[^\w:-]+/));
  t.same(
    Object.keys(scripts).filter((name) => !words.has(name)),
    [],
  );
});
