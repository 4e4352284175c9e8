import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { PROJECT_ROOT, projectFiles } from '../../support/project.ts';

t.test('the module is what assembly/ compiles to', async (t) => {
  const { stdout, status } = spawnSync(process.execPath, [join(PROJECT_ROOT, 'scripts/generate-kernel.mjs'), '--print'], {
    encoding: 'utf8',
  });
  t.equal(status, 0);
  const [file] = projectFiles('src/kernel/generated', '.ts');
  t.equal(stdout, file?.text, 'npm run kernel writes it anew');
});
