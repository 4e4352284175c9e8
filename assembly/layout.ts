/** Fixed places, known to src/kernel/memory.ts as well. A second result of a function. */
export const RESULT: u32 = 16;
/** CRC16's 256 values of 16 bits. */
export const CRC16: u32 = 512;
/** Arguments of a request that is scanned ahead, and bytes of its record. */
export const AHEAD_ARGS: u32 = 6;
export const AHEAD_SIZE: u32 = 64;
/** Commands that are routed by argument 1 alone; see src/kernel/names.ts. */
export const NAMES: u32 = 2048;
export const NAMES_BITS: u32 = 9;
/** For each node of the request at hand its fragment, 16 bits each, `NOBODY` between requests. */
export const FRAGMENT_OF: u32 = 1024;
export const NODES_MAX: u32 = 256;
export const NOBODY: u16 = 0xffff;
/** Bytes of a fragment's cell, as a power of two. */
export const CELL_BITS: u32 = 4;
