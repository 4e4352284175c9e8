/** A local redis-server for the demo, which cannot outlive the process that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The shell starts the node and waits for it; a subshell reads a pipe only we hold the other end of. However we end, also by
 * SIGKILL, that pipe ends with us, and the node gets SIGTERM: it writes its append-only file and leaves.
 *
 *   keyfan demo ──pipe──▶ read … then kill ──SIGTERM──▶ redis-server ◀── wait, exit
 */
const GUARD = `exec 3<&0
"$@" </dev/null 3<&- & node=$!
(read -r _ <&3; kill -TERM $node) 2>/dev/null & watch=$!
wait $node; code=$?
kill $watch 2>/dev/null
exit $code`;

const START_MS = 15_000;
const STOP_MS = 10_000;
const POLL_MS = 30;
const TRIES = 5;

export interface DemoNode {
  readonly name: string;
  readonly port: number;
  /** Data are on disk and the process is gone when it resolves. */
  stop(): Promise<void>;
}

/** Starts a node with its data in `dir/NAME`, on `preferred` or, where that is taken, on a free port. */
export async function startNode(binary: string, name: string, dir: string, preferred: number): Promise<DemoNode> {
  mkdirSync(join(dir, name), { recursive: true });
  const data = realpathSync(join(dir, name));
  for (let tries = 1; ; tries++) {
    const port = tries === 1 && (await isFree(preferred)) ? preferred : await freePort();
    const guard = spawnGuard(binary, port, data);
    if (await ready(guard, port, data)) return { name, port, stop: () => stop(guard) };
    await stop(guard);
    if (tries === TRIES) throw new Error(`node ${name} does not start; its log is ${join(data, 'redis.log')}`);
  }
}

function spawnGuard(binary: string, port: number, data: string): ChildProcess {
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', data, '--logfile', join(data, 'redis.log')];
  const how = ['--daemonize', 'no', '--appendonly', 'yes', '--save', ''];
  // A group of its own: Ctrl-C is for us first, the nodes follow when keyfan has drained.
  const guard = spawn('sh', ['-c', GUARD, 'sh', binary, ...where, ...how], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.stdin?.on('error', () => {});
  guard.on('error', () => {});
  return guard;
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** True once our node answers; false where it ended first, or somebody else sits on its port. */
async function ready(guard: ChildProcess, port: number, data: string): Promise<boolean> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && !ended(guard); await sleep(POLL_MS)) {
    const reply = await ask(port);
    if (reply.startsWith('+PONG') && reply.includes(data)) return true;
  }
  return false;
}

/** PING answers once the data are loaded; the directory tells that it is our node and nobody else's. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.end('PING\r\nCONFIG GET dir\r\nQUIT\r\n'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(reply));
  });
}

async function stop(guard: ChildProcess): Promise<void> {
  if (ended(guard)) return;
  const gone = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  guard.stdin?.end();
  const timer = setTimeout(() => process.kill(-(guard.pid as number), 'SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

export async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

async function freePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port === undefined) throw new Error('no free port on 127.0.0.1');
  return port;
}
