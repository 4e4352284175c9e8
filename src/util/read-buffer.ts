/**
 * The one buffer that all sockets of the process read into. Safe because a read and its callback are one synchronous
 * step: what the callback wants to keep it copies before it returns, and nobody keeps a view. Idle sockets cost no buffer.
 */
export const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
