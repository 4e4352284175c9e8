/** What modules need of a logger; pino fits. One line per state change; never values, never secrets. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export const SILENT: Log = { info() {}, warn() {}, error() {}, debug() {} };
