import { READ } from '../kernel/memory.ts';

/**
 * The one buffer that all sockets of the process read into. Safe because a read and its callback are one synchronous
 * step: what the callback wants to keep it copies before it returns, and nobody keeps a view. Idle sockets cost no buffer. It lies
 * in the kernel's memory, so that the kernel can work on what was read where it is.
 */
export const READ_BUFFER = READ;
