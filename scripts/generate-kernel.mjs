// Compiles assembly/ to WebAssembly and writes it, as text, to src/kernel/generated/module.ts. With --print to standard output instead.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = ['-O3', '--runtime', 'stub', '--importMemory', '--noAssert', '--baseDir', root, '--outFile', 'kernel.wasm'];
let wasm = null;
const { error, stderr } = await asc.main(['assembly/kernel.ts', ...flags], {
  writeFile: (name, contents) => {
    if (name.endsWith('.wasm')) wasm = contents;
  },
});
if (error || wasm === null) {
  console.error(stderr.toString() || error);
  process.exit(1);
}

const lines = Buffer.from(wasm)
  .toString('base64')
  .match(/.{1,120}/g);
const text = `// Written by scripts/generate-kernel.mjs from assembly/; do not edit.
/** The WebAssembly module of ${wasm.length} bytes, in base64. */
export const MODULE = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`;
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(new URL('../src/kernel/generated/module.ts', import.meta.url), text);
