import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { until, within } from './wait.ts';

/** A child process that never outlives the test process, with the end of its output kept for error messages. */
export interface Daemon {
  readonly pid: number;
  /** Resolves with a description once the process is gone. */
  readonly exited: Promise<string>;
  readonly gone: boolean;
  /** The last few KiB it wrote to stdout and stderr. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM, SIGKILL if that does not help; resolves when the process is gone. */
  terminate(): Promise<void>;
  /** SIGSTOP; resolves when the kernel reports the process as stopped. */
  pause(): Promise<void>;
  resume(): void;
}

export interface DaemonOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Gets all of its output as it comes, not only the end. */
  readonly onOutput?: (text: string) => void;
}

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** The kernel's own parent-death signal covers what an exit handler cannot: a test process killed by SIGKILL. */
const SETPRIV = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : [];
const OUTPUT_MAX = 8192;

export function startDaemon(file: string, args: readonly string[], options: DaemonOptions = {}): Daemon {
  const { onOutput, ...spawning } = options;
  const [command, ...rest] = [...SETPRIV, file, ...args] as [string, ...string[]];
  const child = spawn(command, rest, { ...spawning, stdio: ['ignore', 'pipe', 'pipe'] });
  alive.add(child);
  let text = '';
  let gone = false;
  const keep = (chunk: Buffer): void => {
    const more = chunk.toString('latin1');
    onOutput?.(more);
    text = (text + more).slice(-OUTPUT_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<string>((resolve) => {
    const done = (how: string): void => {
      gone = true;
      alive.delete(child);
      resolve(`${file} ${how}`);
    };
    child.once('error', (error) => done(`did not start: ${error.message}`));
    // Not 'close': a grandchild may keep the pipes open.
    child.once('exit', (code, signal) => done(signal === null ? `exited with ${code}` : `was ended by ${signal}`));
  });
  const pid = child.pid ?? -1;
  const send = (signal: NodeJS.Signals): void => {
    if (!gone) child.kill(signal);
  };
  const kill = async (): Promise<void> => {
    send('SIGKILL');
    await within(exited, `${file} (pid ${pid}) to die`);
  };
  return {
    pid,
    exited,
    get gone() {
      return gone;
    },
    output: () => text,
    signal: send,
    kill,
    async terminate() {
      send('SIGCONT');
      send('SIGTERM');
      await within(exited, 'SIGTERM to work', 5000).catch(kill);
    },
    async pause() {
      send('SIGSTOP');
      await until(() => processState(pid) === 'T', `${file} (pid ${pid}) to stop`);
    },
    resume: () => send('SIGCONT'),
  };
}

/** The state letter of `/proc/PID/stat`; it stands behind the name, which may hold blanks and brackets. */
export function processState(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}
