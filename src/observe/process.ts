/** CPU time of this process, user and system. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

let lastResident = 0;

/** Resident memory of this process; where it cannot be learned (it takes a file descriptor), what it was the last time. */
export function residentBytes(): number {
  try {
    lastResident = process.memoryUsage.rss();
  } catch {
    // No file descriptor is left.
  }
  return lastResident;
}
