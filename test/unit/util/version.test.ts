import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { VERSION } from '../../../src/util/version.ts';
import { PROJECT_ROOT } from '../../support/project.ts';

t.test("the version is package.json's", async (t) => {
  const { version } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string };
  t.match(VERSION, /^\d+\.\d+\.\d+/);
  t.equal(VERSION, version);
});
