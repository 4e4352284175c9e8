import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import t from 'tap';
import { LogOutput } from '../../../src/observe/log-output.ts';
import { until } from '../../support/wait.ts';

const LINE = `${'x'.repeat(999)}\n`;

t.test('a reader that stops: what is too much is dropped, and counted when others can be written again', async (t) => {
  const fifo = `${t.testdir()}/fifo`;
  execFileSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  t.teardown(() => [reader, writer].forEach(closeSync));
  const output = new LogOutput(writer, 100 * LINE.length);
  let lost = 0;
  output.onLost = (lines) => {
    lost += lines;
  };
  t.equal(await output.written(), true, 'nothing is to be written');
  for (let i = 0; i < 1000; i++) output.write(LINE);
  t.equal(await output.written(), false, 'it cannot be for now');
  t.notOk(output.mayStand(), 'no thread waits for it');
  const buf = Buffer.alloc(64 * 1024);
  let read = 0;
  const readOn = (): boolean => {
    try {
      read += readSync(reader, buf);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return lost > 0 && read === (1000 - lost) * LINE.length;
  };
  await until(readOn, () => `each line to be there or counted: ${read} bytes read, ${lost} lines lost`);
  t.ok(lost > 500, `${lost} lines`);
  output.write(LINE);
  t.equal(await output.written(), true);
});
