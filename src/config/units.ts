/**
 * Values with units, as typed in keyfan.yaml. A plain number is refused everywhere: `5` says neither seconds nor bytes.
 * Parsed, a duration is milliseconds and a size is bytes, both whole numbers.
 */
import { z } from 'zod';

const DURATION = /^\d+(\.\d+)?(ms|s|m|h|d)$/;
const SIZE = /^\d+(\.\d+)?(b|kb|mb|gb)$/i;

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** As in redis.conf, `kb` is 1024 bytes. */
const BYTES: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

const DURATION_HINT = 'must be a duration with its unit: 250ms, 2s, 5m, 1h or 1d';
const SIZE_HINT = 'must be a size with its unit: 512b, 64kb, 1mb or 1gb';

/** Longest wait a Node timer can hold (2^31 - 1 ms is a little over 24 days); above it a timer fires at once. */
const LONGEST = '24d';

function parse(text: unknown, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof text !== 'string' || !pattern.test(text)) return undefined;
  const unit = text.replace(/[\d.]/g, '').toLowerCase();
  return Math.round(Number.parseFloat(text) * (units[unit] as number));
}

/** Milliseconds, or undefined where `text` is no duration. */
export function parseDuration(text: unknown): number | undefined {
  return parse(text, DURATION, MS);
}

/** Bytes, or undefined where `text` is no size. */
export function parseSize(text: unknown): number | undefined {
  return parse(text, SIZE, BYTES);
}

interface Range {
  readonly min?: string;
  readonly max?: string;
}

function quantity(read: (text: unknown) => number | undefined, pattern: RegExp, hint: string, range: Required<Range>) {
  const min = read(range.min) as number;
  const max = read(range.max) as number;
  return z
    .string({ error: hint })
    .regex(pattern, { error: hint })
    .transform((text, ctx) => {
      const value = read(text) as number;
      if (value < min) ctx.addIssue({ code: 'custom', message: `must be at least ${range.min}` });
      if (value > max) ctx.addIssue({ code: 'custom', message: `must be at most ${range.max}` });
      return value;
    });
}

/** A duration with its default; parsed to milliseconds. */
export function duration(fallback: string, meaning: string, range: Range = {}) {
  return quantity(parseDuration, DURATION, DURATION_HINT, { min: '1ms', max: LONGEST, ...range })
    .prefault(fallback)
    .describe(meaning);
}

/** A size with its default; parsed to bytes. */
export function size(fallback: string, meaning: string, range: Range = {}) {
  return quantity(parseSize, SIZE, SIZE_HINT, { min: '1b', max: '64gb', ...range })
    .prefault(fallback)
    .describe(meaning);
}
