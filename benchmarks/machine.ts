import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { NUTCRACKER } from '../test/support/nutcracker.ts';
import { REDIS_SERVER } from '../test/support/redis.ts';

/** What a reader needs to judge the figures. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly node: string;
  readonly redis: string;
  readonly nutcracker: string;
  /** One-minute load average before the run; near 0 on a machine that does nothing else. */
  readonly loadBefore: string;
  /** Share of the machine that something else used during the run. */
  readonly othersBusy: string;
}

export function describeMachine(): Omit<Machine, 'othersBusy'> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `${type()} ${release()}`,
    node: process.version,
    redis: version(REDIS_SERVER, '--version'),
    nutcracker: NUTCRACKER === undefined ? 'not installed' : version(NUTCRACKER, '--version'),
    loadBefore: (loadavg()[0] ?? Number.NaN).toFixed(2),
  };
}

function version(command: string, flag: string): string {
  // nutcracker writes its version to standard error and exits with 1.
  const { stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
