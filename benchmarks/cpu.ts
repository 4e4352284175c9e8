import { readFileSync } from 'node:fs';

/** `utime` and `stime` in /proc are counted in ticks of 1/100 s for user space, on every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU seconds, user and system, of a process with all its threads, and of its living children. 0 where it is gone. */
export function cpuSeconds(pid: number): number {
  let own = 0;
  let children: string[] = [];
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold blanks: fields are counted from behind it, where the first is field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    own = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean);
  } catch {
    return own;
  }
  return children.reduce((sum, child) => sum + cpuSeconds(Number(child)), own);
}
