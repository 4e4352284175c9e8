import { type DestinationStream, pino } from 'pino';
import type { Log } from './log.ts';
import { logOutput } from './log-output.ts';

type Fields = Readonly<Record<string, string | number>>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A net below the rule that nobody logs a secret in the first place. */
const SECRETS = ['password', 'username', 'client_password', '*.password', '*.username', '*.client_password'];

/** JSON lines to standard output. `fields` stand in every line. */
export function createLog(level: LogLevel, fields: Fields = {}): Log {
  const log = logTo(logOutput, level, fields);
  logOutput.onLost = (lines) => log.warn({ lines }, 'lines of the log were lost: they could not be written');
  return log;
}

/** JSON lines to `destination`. */
export function logTo(destination: DestinationStream, level: LogLevel, fields: Fields = {}): Log {
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
