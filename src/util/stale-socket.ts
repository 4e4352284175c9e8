import { lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Endpoint } from './endpoint.ts';

/** Removes the socket file of a process that did not end in good order: one that nobody answers on. */
export async function removeStale(endpoint: Endpoint): Promise<void> {
  if (!('path' in endpoint)) return;
  const { path } = endpoint;
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  await new Promise<void>((resolve) => {
    const probe = connect({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve();
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
      resolve();
    });
  });
}
