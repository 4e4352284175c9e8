import { checkFile } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { EXIT, type Io } from './exit.ts';

/** `keyfan check`: problems are thrown as `ConfigError`; a sound file gets one line, and warnings beside it. */
export async function check(file: string, io: Io): Promise<number> {
  const { config, warnings } = await checkFile(file, io.env);
  for (const warning of warnings) io.err(`${formatProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
  const { pools } = config;
  const nodes = Object.values(pools).reduce((sum, pool) => sum + pool.nodes.length, 0);
  io.out(`${file}: ok, ${amount(Object.keys(pools).length, 'pool')}, ${amount(nodes, 'node')}\n`);
  return EXIT.ok;
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
