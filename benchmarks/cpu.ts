import { readdirSync, readFileSync } from 'node:fs';

/** `utime` and `stime` in /proc are counted in ticks of 1/100 s for user space, on every Linux. */
const TICKS_PER_SECOND = 100;

/**
 * CPU seconds, user and system, of a process with all its threads, and of its living children. 0 where it is gone.
 * From the scheduler's nanoseconds where the kernel keeps them, so that a short run is not measured in ticks of 10 ms.
 */
export function cpuSeconds(pid: number): number {
  try {
    const own = schedulerSeconds(pid) ?? tickSeconds(pid);
    return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own);
  } catch {
    return 0;
  }
}

/** The living children of a process. Throws where it is gone. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}

/** The sum over the living threads: a proxy keeps those it has. */
function schedulerSeconds(pid: number): number | undefined {
  let nanos = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    }
  } catch {
    return undefined;
  }
  return nanos / 1e9;
}

const tickSeconds = (pid: number): number => statSeconds(pid, 'utime') + statSeconds(pid, 'stime');

/** Fields of /proc/PID/stat, counted from behind the name. */
const FIELDS = { utime: 11, stime: 12, cutime: 13, cstime: 14 } as const;

function statSeconds(pid: number, field: keyof typeof FIELDS): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name stands in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[FIELDS[field]]) / TICKS_PER_SECOND;
}

/**
 * Watches what else runs: the result tells which share of the machine neither this process nor its children, living or
 * ended, have used since. Time stolen by other guests of the host is in it.
 */
export function watchOthers(): () => number {
  const [busyBefore, wholeBefore] = machineSeconds();
  const ownBefore = familySeconds();
  return () => {
    const [busy, whole] = machineSeconds();
    const others = busy - busyBefore - (familySeconds() - ownBefore);
    return Math.max(0, others / (whole - wholeBefore));
  };
}

/** CPU seconds of this process and of its children, living or ended. */
export const familySeconds = (): number =>
  cpuSeconds(process.pid) + statSeconds(process.pid, 'cutime') + statSeconds(process.pid, 'cstime');

/** Of all cores together since boot: busy seconds, and seconds at all. Interrupts are in it: most of their time is also in that of the process they interrupt. */
function machineSeconds(): [busy: number, whole: number] {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] as string;
  const [user, nice, system, idle, iowait, irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number) as number[] &
    Record<0 | 1 | 2 | 3 | 4 | 5 | 6 | 7, number>;
  const busy = user + nice + system + irq + softirq + steal;
  return [busy / TICKS_PER_SECOND, (busy + idle + iowait) / TICKS_PER_SECOND];
}
