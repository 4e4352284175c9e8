import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { childrenOf } from './cpu.ts';

/** proc(5): writing 5 to clear_refs sets the peak resident size back to what is resident now. */
const RESET_PEAK = '5';
const MIB = 1024 * 1024;

/** Resident memory of a process in bytes: now, and its largest since `forgetPeak`. 0 where it is gone. */
export function residentBytes(pid: number): { now: number; peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  } catch {
    return { now: 0, peak: 0 };
  }
}

/** The kernel counts the peak anew from here. Throws where it does not let us. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
}

/** Highest resident size in MiB since the last reset, of a process and its living children. NaN where it is gone. */
export function peakRssMb(pid: number): number {
  try {
    const own = residentBytes(pid).peak / MIB || Number.NaN;
    return childrenOf(pid).reduce((sum, child) => sum + peakRssMb(child), own);
  } catch {
    return Number.NaN;
  }
}

/** From here on `peakRssMb` counts anew. False where the kernel does not let us: then it is the peak since the start. */
export function resetPeakRss(pid: number): boolean {
  try {
    forgetPeak(pid);
    return childrenOf(pid).every(resetPeakRss);
  } catch {
    return false;
  }
}

/** Descriptors that the process has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
