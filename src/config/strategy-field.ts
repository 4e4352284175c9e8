/** `strategy:` of a pool. Options of keyfan's own strategies are held to their schemas, those of a module when it is loaded. */
import { z } from 'zod';
import { isStrategyPath } from '../routing/load-strategy.ts';
import { STRATEGIES } from '../routing/strategies/registry.ts';
import { explain } from './messages.ts';
import { hint } from './spelling.ts';

export const DEFAULT_STRATEGY = 'ring';

export interface StrategyConfig {
  /** A name of the registry, or the path of a user's module. */
  readonly type: string;
  /** Parsed where the strategy is keyfan's own, as written where it is a module. */
  readonly options: unknown;
}

function unknownStrategy(type: string): string {
  const names = [...STRATEGIES.keys()];
  return `unknown strategy${hint(type, names)}; there are ${names.join(', ')}, and modules by path (./my-strategy.js)`;
}

export const strategyField = z
  .union([z.string(), z.looseObject({ type: z.string() })])
  .transform((value, ctx): StrategyConfig => {
    const { type, ...rest } = typeof value === 'string' ? { type: value } : value;
    if (isStrategyPath(type)) return { type, options: rest };

    const strategy = STRATEGIES.get(type);
    if (!strategy) {
      ctx.addIssue({ code: 'custom', message: unknownStrategy(type), path: typeof value === 'string' ? [] : ['type'] });
      return z.NEVER;
    }
    const parsed = strategy.options.safeParse(rest, { reportInput: true });
    if (parsed.success) return { type, options: parsed.data };
    for (const { path, message, atKey } of explain(parsed.error.issues, strategy.options)) {
      ctx.addIssue({ code: 'custom', message, path: [...path], params: { atKey } });
    }
    return z.NEVER;
  })
  .prefault(DEFAULT_STRATEGY);
