import { cpSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { within } from '../support/wait.ts';
import { applyEdits } from './apply-edits.ts';
import { MUTANTS } from './mutants.ts';
import { RequestReader } from './request-reader.ts';

/** For the whole run; no verdict depends on it. */
const DEADLINE_MS = 100_000;

for (const mode of ['scripted', 'real']) {
  t.test(`${mode} nodes that fail: no reply reaches another request or client, and the books balance`, async (t) => {
    const main = join(PROJECT_ROOT, 'dist/test/crosstalk/main.js');
    const daemon = startDaemon(process.execPath, [main, '--mode', mode, '--seconds', '4', '--clients', '60']);
    t.teardown(() => daemon.terminate());
    await within(daemon.exited, 'the harness to end', DEADLINE_MS);
    const output = daemon.output();
    const checks = Number(/(\d+) replies checked/.exec(output)?.[1]);
    t.ok(checks > 0, `${checks} replies checked`);
    t.match(output, /\nno crossing\n$/, output);
  });
}

t.test('every mutant has its place in the built code', async (t) => {
  t.ok(MUTANTS.length >= 12);
  for (const mutant of MUTANTS) {
    const root = t.testdir();
    for (const { file } of mutant.edits) cpSync(join(PROJECT_ROOT, 'dist/src', file), join(root, file));
    t.doesNotThrow(() => applyEdits(root, mutant), mutant.name);
  }
});

t.test('an anchor that is not there once is named', async (t) => {
  const root = t.testdir({ 'a.js': 'one; two; two;' });
  const mutant = (find: string) => ({ name: 'odd', reason: '', edits: [{ file: 'a.js', find, put: '' }] });
  t.throws(() => applyEdits(root, mutant('two;')), /mutant "odd": anchor "two;" is 2 times in a\.js/);
  t.throws(() => applyEdits(root, mutant('three;')), /anchor "three;" is 0 times in a\.js/);
});

t.test('the scripted nodes read requests strictly, whole or in parts', async (t) => {
  const reader = new RequestReader();
  const read = (text: string): number => reader.read(Buffer.from(text), 0, text.length);
  const whole = '*2\r\n$3\r\nGET\r\n$12\r\nabcdefghijkl\r\n';
  t.equal(read(whole), whole.length);
  t.same([...reader.args.subarray(0, 4)], [8, 11, 18, 30]);
  for (let size = 0; size < whole.length; size++) t.equal(read(whole.slice(0, size)), 0, `${size} bytes`);
  for (const bad of ['*0\r\n', 'GET k\r\n', '*x\r\n', '*1\r\n+OK\r\n', '*1\r\n$3\r\nPINGxx', '*1\r\n$\r\nPING\r\n'])
    t.equal(read(bad), -1, bad);
});
