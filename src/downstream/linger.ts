import type { Socket } from 'node:net';

/** How long a closing connection waits: for the client to take more of its last replies, then for it to close its side, too. */
const LINGER_MS = 1000;

/** Ends our side of a connection and sees that the socket does not outlive that by much. */
export function endAndLinger(socket: Socket): void {
  // A socket's timeout begins anew while a large write makes progress.
  socket.setTimeout(LINGER_MS, () => socket.destroy());
  socket.end(() => {
    if (socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  });
}
