/** What modules need of a logger; pino fits. One line per state change; never values, never secrets. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** A logger whose lines have these fields, too. */
export function withFields(log: Log, fields: object): Log {
  return {
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
  };
}

export const SILENT: Log = { info() {}, warn() {}, error() {}, debug() {} };
