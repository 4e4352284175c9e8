import { readFileSync } from 'node:fs';

/** What a process needs beside its clients: nodes, logs, the runtime. */
const OTHERS = 64;

/** Files that this process may have open, as Linux tells; null elsewhere. */
export function openFilesMax(limits = '/proc/self/limits'): number | null {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync(limits, 'utf8'))?.[1];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** True where clients could be turned away for want of files before their limit is reached: libuv then closes them without a word. */
export function fewerThan(clientsMax: number, openFiles: number | null): boolean {
  return openFiles !== null && clientsMax + OTHERS > openFiles;
}
