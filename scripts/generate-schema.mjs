// Writes config.schema.json from the schema in src/config (built before: `npm run schema` does both).
import { writeFileSync } from 'node:fs';
import { jsonSchema } from '../dist/src/config/json-schema.js';

writeFileSync(new URL('../config.schema.json', import.meta.url), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
