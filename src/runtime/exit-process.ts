import { logOutput } from '../observe/log-output.ts';

/** Ends this process, once the log is written or is not to be written in time. */
export async function exitProcess(code: number): Promise<void> {
  const written = await logOutput.written();
  // A thread that stands in a write would keep `exit` waiting for as long as nobody reads.
  if (!written && logOutput.mayStand()) process.kill(process.pid, 'SIGKILL');
  else process.exit(code);
}
