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

function tickSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in brackets may hold blanks: fields are counted from behind it, where the first is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
