import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { removeStale } from '../../../src/util/stale-socket.ts';

/** A folder with a short path: sockets cannot have long ones. */
function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyfan-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The socket file of a process that was killed. */
async function leftBehind(t: Test): Promise<string> {
  const path = `${folderOf(t)}/left.sock`;
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`,
  ]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.ok(existsSync(path));
  return path;
}

t.test('what a process has left behind is removed', async (t) => {
  const path = await leftBehind(t);
  await removeStale({ path });
  t.notOk(existsSync(path));
});

t.test('what somebody listens on stays, and what is no socket', async (t) => {
  const folder = folderOf(t);
  const path = `${folder}/live.sock`;
  const server = createServer().listen(path);
  await once(server, 'listening');
  await removeStale({ path });
  t.ok(existsSync(path));
  server.close();
  const file = `${folder}/file`;
  writeFileSync(file, 'mine');
  await removeStale({ path: file });
  t.ok(existsSync(file));
  execFileSync('mkfifo', [`${folder}/fifo`]);
  await removeStale({ path: `${folder}/fifo` });
  t.ok(existsSync(`${folder}/fifo`));
  await t.resolves(removeStale({ path: `${folder}/none` }));
  await t.resolves(removeStale({ host: '127.0.0.1', port: 1 }));
});
