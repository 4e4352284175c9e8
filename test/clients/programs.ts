import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/project.ts';
import { capture } from './capture.ts';
import { SCENARIOS } from './scenarios.ts';
import { withThreeNodes } from './three-nodes.ts';

const source = (file: string): string => join(PROJECT_ROOT, 'test/clients', file);

/** Whether a library is there: whether this command succeeds. */
const succeeds = (command: string, args: readonly string[]): boolean => spawnSync(command, args).status === 0;

/** A program of this directory, run by an interpreter of Debian's; null where that, or the library that `probe` uses, is not installed. */
export async function checkScript(interpreter: string, probe: readonly string[], file: string): Promise<string | null> {
  return succeeds(interpreter, probe) ? await run(interpreter, [source(file)]) : null;
}

/** hiredis.c; null where there is no compiler or no hiredis. */
export async function checkHiredis(): Promise<string | null> {
  if (!succeeds('cc', ['-E', '-include', 'hiredis/hiredis.h', '-x', 'c', '/dev/null'])) return null;
  const dir = await mkdtemp(join(tmpdir(), 'keyfan-hiredis-'));
  try {
    const program = join(dir, 'hiredis');
    await capture('cc', ['-std=gnu11', '-Wall', '-Werror', '-o', program, source('hiredis.c'), '-lhiredis']);
    return await run(program, []);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Resolves with the last line that the program prints: its library and version. Before it come the scenarios. */
function run(command: string, args: readonly string[]): Promise<string> {
  return withThreeNodes('ring', async (fleet) => {
    const lines = (await capture(command, [...args, String(fleet.port)])).split('\n');
    const library = lines.pop() as string;
    const wanted = Object.keys(SCENARIOS);
    if (lines.join() !== wanted.join()) throw new Error(`it did ${lines.join(', ')} instead of ${wanted.join(', ')}`);
    return `${library}, ${wanted.length} scenarios`;
  });
}
