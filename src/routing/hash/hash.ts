/**
 * A hash of the bytes `buf[start, end)` to an unsigned 32-bit integer. Allocates nothing, keeps nothing.
 *
 * "Signed" in the functions beside this file: where nutcracker reads keys through C's `char`, a byte of 0x80 and above
 * is sign-extended to 32 bits before use (`(byte << 24) >> 24`), as on x86.
 */
export type HashFn = (buf: Uint8Array, start: number, end: number) => number;
