import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { claimDirectory } from '../../../src/cli/demo-dir.ts';

t.test('taken, given back, taken again', async (t) => {
  const dir = join(t.testdir({}), 'new', 'deep');
  const release = claimDirectory(dir);
  t.ok(existsSync(join(dir, 'demo.pid')));
  release();
  t.notOk(existsSync(join(dir, 'demo.pid')));
  claimDirectory(dir)();
});

t.test('another process that lives keeps it; one that is gone does not', async (t) => {
  const dir = t.testdir({});
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const gone = new Promise((resolve) => other.once('exit', resolve));
  t.teardown(() => other.kill('SIGKILL'));
  writeFileSync(join(dir, 'demo.pid'), `${other.pid}\n`);
  t.throws(() => claimDirectory(dir), { message: new RegExp(`process ${other.pid} `) });
  other.kill('SIGKILL');
  await gone;
  claimDirectory(dir)();
});

t.test('a lock that is no number is a leftover', async (t) => {
  const dir = t.testdir({ 'demo.pid': '' });
  claimDirectory(dir)();
});
