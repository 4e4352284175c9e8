import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startFleet } from '../support/fleet.ts';
import { PROJECT_ROOT } from '../support/project.ts';
import { capture } from './capture.ts';

/** A program of this directory that uses a client library of Debian's, before three nodes; null where the library is not installed. */
export async function checkProgram(command: string, probe: readonly string[], file: string): Promise<string | null> {
  if (spawnSync(command, probe).status !== 0) return null;
  const fleet = await startFleet();
  try {
    return await capture(command, [join(PROJECT_ROOT, 'test/clients', file), String(fleet.port)]);
  } finally {
    await fleet.stop();
  }
}
