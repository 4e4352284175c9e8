/**
 * The kernel's memory, of fixed size: it must not grow, because every view of it would be lost.
 *
 *   0      RESULT, CRC16 … the module's own
 *   NAMES  8.5 KiB         commands that are routed by argument 1; see names.ts
 *   READ   64 KiB          what sockets read into
 *   STAGE  64 KiB          bytes that came elsewhere, brought here to be worked on
 *   ARGS   start and end   of each argument of the request at hand; as many as 64 KiB can hold
 *   ORDER  16 bits         for each key: the fragment it belongs to
 *   CELLS  4 × 32 bits     for each fragment
 *   AHEAD  64 bytes        for each request that was scanned ahead of being handled
 *   OUT    96 KiB          what comes out
 *   TABLES 4 MiB           who owns which hash, for each pool; see tables.ts
 *   CHUNKS 10 MiB          what waits to be written; see util/chunk-pool.ts
 *
 * Each region but NAMES, READ, TABLES and CHUNKS belongs to whoever works on a request or reply at the moment, until that step is over.
 */
const RESULT_AT = 16;
const PAGE = 64 * 1024;
const GAP = 64;

/** Bytes of a request, or of all replies together, that fit. */
export const BYTES_MAX = 64 * 1024;
/** Fragments of one request. */
export const FRAGMENTS_MAX = 256;
/** Room before each fragment for what is written last: `*N\r\n` and the command's name. */
export const HEAD_MAX = 128;
/** Most requests that are scanned at once, and integers of a record: end, number of arguments, hash of argument 1, route, bounds. */
export const AHEAD_MAX = 64;
export const AHEAD_INTS = 16;
/** An argument takes six bytes at the least (`$0\r\n\r\n`). */
const ARGS_MAX = Math.ceil(BYTES_MAX / 6);

const NAMES_AT = 2048;
export const NAMES_BITS = 9;
/** Slots behind the last one that a hash leads to, so that no search has to wrap around. */
export const NAMES_SPARE = 32;
/** Bytes of a slot. */
export const NAME_SIZE = 16;

export const READ_AT = NAMES_AT + NAME_SIZE * (2 ** NAMES_BITS + NAMES_SPARE);
export const STAGE_AT = READ_AT + BYTES_MAX + GAP;
export const ARGS_AT = STAGE_AT + BYTES_MAX + GAP;
export const ORDER_AT = ARGS_AT + 8 * ARGS_MAX;
export const CELLS_AT = ORDER_AT + 4 * ARGS_MAX;
export const CELL_INTS = 4;
export const AHEAD_AT = CELLS_AT + 4 * CELL_INTS * FRAGMENTS_MAX;
export const OUT_AT = AHEAD_AT + 4 * AHEAD_INTS * AHEAD_MAX + GAP;
export const TABLES_AT = OUT_AT + BYTES_MAX + HEAD_MAX * FRAGMENTS_MAX + GAP;
export const TABLES_SIZE = 4 * 1024 * 1024;
export const CHUNKS_AT = TABLES_AT + TABLES_SIZE;
export const CHUNKS_END = CHUNKS_AT + 10 * 1024 * 1024;

export const MEMORY = allocate(Math.ceil(CHUNKS_END / PAGE));
const { buffer } = MEMORY;

/** All of it; offsets are the kernel's. */
export const BYTES = Buffer.from(buffer);
/** The one buffer that all sockets read into; see util/read-buffer.ts. */
export const READ = Buffer.from(buffer, READ_AT, BYTES_MAX);
export const NAMES = new DataView(buffer, NAMES_AT, READ_AT - NAMES_AT);
export const ARGS = new Int32Array(buffer, ARGS_AT, 2 * ARGS_MAX);
export const ORDER = new Uint16Array(buffer, ORDER_AT, ARGS_MAX);
export const CELLS = new Int32Array(buffer, CELLS_AT, CELL_INTS * FRAGMENTS_MAX);
/** The records, and of each the part with the bounds of the arguments. */
export const AHEAD = new Int32Array(buffer, AHEAD_AT, AHEAD_INTS * AHEAD_MAX);
export const AHEAD_ARGS = Array.from({ length: AHEAD_MAX }, (_, i) => AHEAD.subarray(AHEAD_INTS * i + 4, AHEAD_INTS * (i + 1)));
/** A function's second result is in its first element. */
export const RESULT = new Int32Array(buffer, RESULT_AT, 1);

function allocate(pages: number): WasmMemory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    // It is small, but V8 reserves ten gigabytes of addresses around it, unless told not to.
    const advice = 'raise the limit of addresses (ulimit -v), or run node with --disable-wasm-trap-handler';
    throw new Error(`no memory for WebAssembly: ${advice}`, { cause: error });
  }
}
