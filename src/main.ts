#!/usr/bin/env node
import { run } from './cli/program.ts';
import { exitProcess } from './runtime/exit-process.ts';

// Whoever reads our output may leave early (`keyfan route … | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
});
await exitProcess(code);
