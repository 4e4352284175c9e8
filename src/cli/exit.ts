/** Exit codes of the command line, after sysexits.h. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cannotBind: 69, badConfig: 78 } as const;

/** What the commands need of the process they run in. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A mistake in how a command was called. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
