import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { freePort } from '../support/ports.ts';
import { connectResp } from '../support/resp-client.ts';
import { until, within } from '../support/wait.ts';

/** Logs that cannot be written must not keep keyfan from serving, nor from ending. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** A client that is disconnected for this is a line of the log. */
const NOT_REDIS = 'POST / HTTP/1.1\r\nHost: x\r\n\r\n';

const AT_ONCE = 50;
/** Its name is in each of these lines, which are long, then. */
const POOL = 'p'.repeat(64);

async function start(t: Test, stdout: number | 'pipe', workers = 1): Promise<{ keyfan: ChildProcess; port: number }> {
  const port = await freePort();
  const file = `${t.testdir()}/keyfan.yaml`;
  writeFileSync(file, JSON.stringify({ workers, pools: { [POOL]: { listen: `127.0.0.1:${port}`, nodes: ['127.0.0.1:1'] } } }));
  const keyfan = spawn(process.execPath, [MAIN, '-c', file], { stdio: ['ignore', stdout, 'inherit'] });
  t.teardown(() => keyfan.kill('SIGKILL'));
  await until(() => answers(port), 'keyfan to answer');
  return { keyfan, port };
}

async function answers(port: number): Promise<boolean> {
  const client = await connectResp(port);
  const { text } = await client.command('PING').finally(() => client.close());
  return text === '+PONG\r\n';
}

async function linesOf(port: number, count: number): Promise<void> {
  const one = async () => {
    const client = await connectResp(port);
    client.send(NOT_REDIS);
    await client.closed;
  };
  for (let i = 0; i < count; i += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, one));
}

async function ends(keyfan: ChildProcess): Promise<unknown[]> {
  const exited = once(keyfan, 'exit');
  keyfan.kill('SIGTERM');
  return within(exited, 'keyfan to end');
}

for (const workers of [1, 2]) {
  t.test(`a full disk, workers: ${workers}`, { skip: process.platform !== 'linux' && '/dev/full is needed' }, async (t) => {
    const full = openSync('/dev/full', 'w');
    const { keyfan, port } = await start(t, full, workers);
    closeSync(full);
    await linesOf(port, 20);
    t.ok(await answers(port));
    t.same(await ends(keyfan), [0, null]);
  });
}

t.test('a reader that stops, and goes on', async (t) => {
  const { keyfan, port } = await start(t, 'pipe');
  const lines = 1200;
  await linesOf(port, lines);
  t.ok(await answers(port), 'more than a pipe holds is waiting');
  let text = '';
  keyfan.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await until(() => text.split('client disconnected').length > lines, 'every line');
  t.same(await ends(keyfan), [0, null]);
  t.match(text, /"msg":"stopped"\}\n$/, 'the last line is the last');
});

t.test('a pipe, or a socket, that nobody reads: it ends all the same, with its workers', async (t) => {
  const fifo = `${t.testdir()}/fifo`;
  execFileSync('mkfifo', [fifo]);
  // Open for both, so that there is a reader, who does not read.
  const pipe = openSync(fifo, 'r+');
  const [piped, socketed] = [await start(t, pipe, 2), await start(t, 'pipe', 2)];
  closeSync(pipe);
  // More than each holds: 64 KiB, and what a socket's two buffers are given.
  for (const [{ port }, lines] of [
    [piped, 400],
    [socketed, 1200],
  ] as const) {
    await linesOf(port, lines);
    t.ok(await answers(port));
  }
  t.same(await ends(piped.keyfan), [0, null]);
  await ends(socketed.keyfan);
});
