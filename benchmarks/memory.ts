import { readFileSync, writeFileSync } from 'node:fs';
import { childrenOf } from './cpu.ts';

/** proc(5): writing 5 to clear_refs sets the peak resident size back to what is resident now. */
const RESET_PEAK = '5';

/** Highest resident size in MiB since the last reset, of a process and its living children. NaN where it is gone. */
export function peakRssMb(pid: number): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return childrenOf(pid).reduce((sum, child) => sum + peakRssMb(child), Number(kib) / 1024);
  } catch {
    return Number.NaN;
  }
}

/** From here on `peakRssMb` counts anew. False where the kernel does not let us: then it is the peak since the start. */
export function resetPeakRss(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
    return childrenOf(pid).every(resetPeakRss);
  } catch {
    return false;
  }
}
