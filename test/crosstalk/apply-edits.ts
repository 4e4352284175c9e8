import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';

/** Changes the files below `root`; returns what changes them back. Throws where an anchor is not there exactly once. */
export function applyEdits(root: string, mutant: Mutant): () => void {
  const originals = new Map<string, string>();
  const changed = new Map<string, string>();
  for (const { file, find, put } of mutant.edits) {
    const path = join(root, file);
    if (!originals.has(path)) originals.set(path, readFileSync(path, 'utf8'));
    const parts = (changed.get(path) ?? (originals.get(path) as string)).split(find);
    if (parts.length !== 2)
      throw new Error(`mutant "${mutant.name}": anchor ${JSON.stringify(find)} is ${parts.length - 1} times in ${file}, not once`);
    changed.set(path, parts.join(put));
  }
  for (const [path, text] of changed) writeFileSync(path, text);
  return () => {
    for (const [path, text] of originals) writeFileSync(path, text);
  };
}
