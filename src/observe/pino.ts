import { type DestinationStream, pino } from 'pino';
import type { Log } from './log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A net below the rule that nobody logs a secret in the first place. */
const SECRETS = ['password', 'username', 'client_password', '*.password', '*.username', '*.client_password'];

/**
 * JSON lines, by default to standard output. Written at once: lines are rare (state changes only), and the last ones
 * before an exit are those that matter. `fields` stand in every line.
 */
export function createLog(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
  fields: Readonly<Record<string, string | number>> = {},
): Log {
  return pino(
    {
      level,
      base: { name: 'keyfan', pid: process.pid, ...fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '[secret]' },
    },
    destination,
  );
}
