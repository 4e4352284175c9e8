// Compiles assembly/ to WebAssembly and writes it, as text, to src/kernel/generated/module.ts. With --print to standard output instead.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import binaryen from 'binaryen';

/** A function of this size or less goes where it is called: all of them, as calls took a third of the time of the loops. */
const INLINED_MAX = 1000;

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

binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setAlwaysInlineMaxSize(INLINED_MAX);
binaryen.setFlexibleInlineMaxSize(INLINED_MAX);
binaryen.setOneCallerInlineMaxSize(INLINED_MAX);
const kernel = binaryen.readBinary(wasm);
kernel.setFeatures(kernel.getFeatures() | binaryen.Features.BulkMemory | binaryen.Features.BulkMemoryOpt);
kernel.optimize();
wasm = kernel.emitBinary();

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
