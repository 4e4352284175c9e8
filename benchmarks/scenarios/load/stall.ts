import { existsSync, readFileSync, rmSync } from 'node:fs';
import { until } from '../../../test/support/wait.ts';

/** Names the environment variable that tells the meter where to write. */
export const STALL_FILE = 'KEYFAN_STALL_FILE';

export interface Stall {
  readonly maxMs: number;
  readonly p99Ms: number;
}

/** What the meter in process `pid` has seen since it was read last. */
export async function readStall(pid: number, file: string): Promise<Stall> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  await until(() => existsSync(file) && readFileSync(file, 'latin1').endsWith('\n'), 'the stall meter to answer');
  return JSON.parse(readFileSync(file, 'latin1')) as Stall;
}
