import type { CommandRow } from '../command/row.ts';
import { argBytes, type RequestView } from '../protocol/request.ts';
import { wallTime } from '../util/clock.ts';

/** A client, as far as MONITOR shows it. */
export interface Watched {
  readonly address: string;
  readonly database: number;
}

/** Who asked to be shown all requests. */
export interface Monitor {
  monitoring: boolean;
  onPush(buf: Buffer, start: number, end: number): void;
}

/** Commands that are not shown: AUTH for its secrets, the others as in Redis. */
const HIDDEN: ReadonlySet<string> = new Set(['auth', 'monitor', 'quit']);
const REDACTED = '"(redacted)"';
/** Bytes of an argument that are shown at most. */
const SHOWN_MAX = 4096;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** MONITOR: shows the requests of all clients of a pool to those that asked for it, in Redis' form. */
export class Monitors {
  readonly #monitors = new Set<Monitor>();
  readonly #changed: () => void;

  /** `changed` is called when `size` is another. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#monitors.size;
  }

  add(monitor: Monitor): void {
    this.#monitors.add(monitor);
    monitor.monitoring = true;
    this.#changed();
  }

  remove(monitor: Monitor): void {
    monitor.monitoring = false;
    if (this.#monitors.delete(monitor)) this.#changed();
  }

  tell({ address, database }: Watched, view: RequestView, row: CommandRow): void {
    // As in Redis what manages nodes is not shown; nor what does not run (MIGRATE has a password).
    if (row.admin || row.policy === 'refuse' || HIDDEN.has(row.name)) return;
    const { seconds, micros } = wallTime();
    const stamp = `${seconds}.${String(micros).padStart(6, '0')}`;
    const words = Array.from({ length: view.argc }, (_, i) => (i > 1 && row.name === 'hello' ? REDACTED : quoted(argBytes(view, i))));
    const line = Buffer.from(`+${stamp} [${database} ${address}] ${words.join(' ')}\r\n`, 'latin1');
    for (const monitor of [...this.#monitors]) monitor.onPush(line, 0, line.length);
  }
}

/** As Redis' sdscatrepr. */
function quoted(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, SHOWN_MAX);
  const safe = text.replace(/[^\x20-\x7e]|["\\]/g, (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${safe}"`;
}
