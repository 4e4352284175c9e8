// Writes docs/commands.md from the command table in src/command (built before: `npm run docs` does both).
import { mkdirSync, writeFileSync } from 'node:fs';
import { commandsPage } from '../dist/src/command/commands-page.js';

mkdirSync(new URL('../docs/', import.meta.url), { recursive: true });
writeFileSync(new URL('../docs/commands.md', import.meta.url), commandsPage());
