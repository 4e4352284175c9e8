import { writeFileSync } from 'node:fs';
import t from 'tap';
import { fewerThan, openFilesMax } from '../../../src/runtime/open-files.ts';

t.test('as many as the system says', async (t) => {
  const file = `${t.testdir()}/limits`;
  const limits = (soft: string) =>
    `Limit   Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 4096                 files\n`;
  writeFileSync(file, limits('1024'));
  t.equal(openFilesMax(file), 1024);
  writeFileSync(file, limits('unlimited'));
  t.equal(openFilesMax(file), Number.POSITIVE_INFINITY);
  writeFileSync(file, 'nothing of the kind');
  t.equal(openFilesMax(file), null);
  t.equal(openFilesMax(`${file}.none`), null);
  if (process.platform === 'linux') t.ok((openFilesMax() ?? 0) > 0);
});

t.test('clients need one each, keyfan some for itself', async (t) => {
  t.ok(fewerThan(1000, 1024));
  t.notOk(fewerThan(1000, 2048));
  t.notOk(fewerThan(1_000_000, null), 'nothing is known');
});
