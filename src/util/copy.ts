/**
 * Below this many bytes a loop beats `Buffer.copy`, which crosses into C++ (or allocates a view) on each call.
 * Measured with benchmarks/micro/copy.ts.
 */
const LOOP_MAX = 64;

/** Copies `src[start, end)` to `dst[at…)`; the caller has made sure it fits. */
export function copyBytes(dst: Buffer, at: number, src: Buffer, start: number, end: number): void {
  if (end - start > LOOP_MAX) {
    src.copy(dst, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) dst[to] = src[from] as number;
}
