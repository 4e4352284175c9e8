import type { ClientSocket } from '../util/light-socket.ts';
import type { SocketSink } from '../util/socket-sink.ts';
import { handleOf } from '../util/stream-wrap.ts';

/** How long a closing connection waits: for the client to take more of its last replies, then for it to close its side, too. */
const LINGER_MS = 1000;

/**
 * Ends our side of a connection and sees that the socket does not outlive that by much. `halfClosed`: the client has ended its side; then the
 * kernel delivers what it has been given also where the socket is closed at once, which costs less.
 */
export function endAndLinger(socket: ClientSocket, sink: SocketSink, halfClosed: boolean): void {
  sink.push();
  if (halfClosed && sink.writableLength === 0) {
    socket.destroy();
    return;
  }
  let left = sink.left;
  let ended = false;
  const timer = setInterval(() => {
    const before = left;
    left = sink.left;
    if (ended || left >= before) socket.destroy();
  }, LINGER_MS);
  socket.on('close', () => clearInterval(timer));
  socket.end(() => {
    ended = true;
    timer.refresh();
  });
}

/**
 * Closes now, over TCP with a reset where Node can, so that the kernel drops its send buffer; otherwise it would keep megabytes until it
 * gives up on the client. Not for a connection that has ended its side: the kernel refuses the reset.
 */
export function breakOff(socket: ClientSocket): void {
  if (typeof handleOf(socket)?.reset === 'function') (socket as unknown as { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}
