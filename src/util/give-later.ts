import { giveChunk } from './chunk-pool.ts';

let chunks: Buffer[] = [];

/** Gives `chunk` back once nothing that runs now can be reading it any more: somebody further up may be at work on what follows in it. */
export function giveLater(chunk: Buffer): void {
  if (chunks.length === 0)
    setImmediate(() => {
      const due = chunks;
      chunks = [];
      for (const each of due) giveChunk(each);
    });
  chunks.push(chunk);
}
