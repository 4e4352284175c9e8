import { loadConfig } from '../config/load.ts';
import { EXIT, type Io } from './exit.ts';

/** `keyfan check`: problems are thrown as `ConfigError`; a sound file gets one line. */
export async function check(file: string, io: Io): Promise<number> {
  const { pools } = await loadConfig(file, io.env);
  const nodes = Object.values(pools).reduce((sum, pool) => sum + pool.nodes.length, 0);
  io.out(`${file}: ok, ${amount(Object.keys(pools).length, 'pool')}, ${amount(nodes, 'node')}\n`);
  return EXIT.ok;
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
