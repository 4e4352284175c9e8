/** The configuration as JSON Schema, for editors: made from the zod schemas, strategies' options included. */
import { z } from 'zod';
import { STRATEGIES } from '../routing/strategies/registry.ts';
import { configSchema } from './schema.ts';
import { DEFAULT_STRATEGY } from './strategy-field.ts';

type Json = Record<string, unknown>;

const OPTIONS = { target: 'draft-7', io: 'input' } as const;
/** As `isStrategyPath` tells a module from a name. */
const MODULE = '/|\\.[cm]?js$';

export function jsonSchema(): Json {
  const schema = z.toJSONSchema(configSchema, OPTIONS) as Json;
  const strategy = property(schema, 'properties', 'pools', 'additionalProperties', 'properties', 'strategy');
  delete strategy.anyOf;
  Object.assign(strategy, { default: DEFAULT_STRATEGY, anyOf: [shortForm(), ...[...STRATEGIES.keys()].map(longForm), moduleForm()] });
  return { ...schema, title: 'keyfan configuration' };
}

/** One level down for each step; a step that is not there is a mistake here. */
function property(schema: Json, ...steps: readonly string[]): Json {
  return steps.reduce((at, step) => {
    const next = at[step];
    if (typeof next !== 'object' || next === null) throw new Error(`the JSON Schema has no ${step}`);
    return next as Json;
  }, schema);
}

function shortForm(): Json {
  return { anyOf: [{ enum: [...STRATEGIES.keys()] }, { type: 'string', pattern: MODULE }] };
}

function longForm(type: string): Json {
  const { $schema: _, ...options } = z.toJSONSchema(STRATEGIES.get(type)?.options as z.ZodType, OPTIONS) as Json;
  return { ...options, properties: { type: { const: type }, ...(options.properties as Json) }, required: ['type'] };
}

function moduleForm(): Json {
  return { type: 'object', properties: { type: { type: 'string', pattern: MODULE } }, required: ['type'] };
}
