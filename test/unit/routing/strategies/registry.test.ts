import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { STRATEGIES } from '../../../../src/routing/strategies/registry.ts';
import { PROJECT_ROOT } from '../../../support/project.ts';

t.test('built-in strategies by their own names, each in a file of that name', async (t) => {
  const files = readdirSync(join(PROJECT_ROOT, 'src/routing/strategies'));
  for (const [name, strategy] of STRATEGIES) {
    t.equal(strategy.type, name);
    t.ok(files.includes(`${name}.ts`), `${name}.ts`);
  }
  t.equal(STRATEGIES.get('constructor'), undefined);
});

t.test('README has a row for each', async (t) => {
  const readme = readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8');
  for (const name of STRATEGIES.keys()) t.match(readme, new RegExp(`^\\| \`${name}\` \\| .+ \\| .+ \\|$`, 'm'), name);
});
