import { spawn } from 'node:child_process';

const DEADLINE_MS = 60_000;

/** What a program prints; rejects with what it complained of where it fails, and where it does not end. */
export function capture(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS, killSignal: 'SIGKILL' });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out.trim());
      else
        reject(new Error(`${err}${signal === null ? `exit code ${code}` : `ended by ${signal}`} after: ${out.trim().split('\n').at(-1)}`));
    });
  });
}
