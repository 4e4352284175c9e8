import t from 'tap';
import { jsonSchema } from '../../../src/config/json-schema.ts';
import { STRATEGIES } from '../../../src/routing/strategies/registry.ts';

type Json = { [key: string]: Json };

const pool = (jsonSchema() as Json).properties?.pools?.additionalProperties?.properties as Json;

t.test('units, defaults and meanings are in it', async (t) => {
  const connect = pool.timeouts?.properties?.connect;
  t.match(connect, { type: 'string', default: '1s', pattern: /ms\|s\|m/, description: /Opening/ });
  t.match(pool.limits?.properties?.clients, { type: 'integer', default: 10_000 });
});

t.test('every key of a pool says what it means', async (t) => {
  const undocumented = Object.entries(pool).flatMap(([key, value]) => {
    const inner = Object.entries(value.properties ?? {}).filter(([, leaf]) => leaf.description === undefined);
    const self = value.description === undefined && value.properties === undefined ? [key] : [];
    return [...self, ...inner.map(([leaf]) => `${key}.${leaf}`)];
  });
  t.same(undocumented, []);
});

t.test('each strategy has its short and its long form', async (t) => {
  const forms = pool.strategy?.anyOf as unknown as Json[];
  t.same(forms[0]?.anyOf?.[0 as unknown as string]?.enum, [...STRATEGIES.keys()]);
  for (const type of STRATEGIES.keys()) {
    const long = forms.find((form) => (form.properties?.type?.const as unknown) === type);
    t.match(long, { type: 'object', additionalProperties: false, required: ['type'] }, type);
  }
  const ring = forms.find((form) => (form.properties?.type?.const as unknown) === 'ring');
  t.match(ring?.properties?.hash, { default: 'murmur' });
});
