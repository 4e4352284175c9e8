/** One figure held against what is wanted of it. */
export interface Finding {
  readonly what: string;
  /** Absent where the figure only explains others. */
  readonly wanted?: string;
  readonly measured: string;
  /** The figure itself, in the unit that `measured` names. */
  readonly value: number;
  readonly holds?: boolean;
}

export const info = (what: string, value: number, measured: string): Finding => ({ what, value, measured });

export function check(what: string, value: number, measured: string, wanted: string, holds: boolean): Finding {
  return { what, value, measured, wanted, holds };
}

const MIB = 2 ** 20;

export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
export const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
export const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** At most `most` bytes. */
export function bytesAtMost(what: string, value: number, most: number, shown: (bytes: number) => string = mib): Finding {
  return check(what, value, shown(value), `at most ${shown(most)}`, value <= most);
}

/** A latency against `factor` times another. */
export function timesAtMost(what: string, value: number, base: number, factor: number): Finding {
  const measured = `${ms(value)} = ${(value / base).toFixed(2)}×`;
  return check(what, value, measured, `at most ${factor}× ${ms(base)}`, value <= base * factor);
}

export function none(what: string, count: number, detail = ''): Finding {
  return check(what, count, `${count}${detail === '' ? '' : ` (${detail})`}`, 'none', count === 0);
}

export function asLine({ what, wanted, measured, holds }: Finding): string {
  const verdict = holds === undefined ? '      ' : holds ? 'holds ' : 'FAILS ';
  return `${verdict} ${what}: ${wanted === undefined ? '' : `wanted ${wanted}, `}measured ${measured}`;
}
