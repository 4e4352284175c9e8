/** Loaded before keyfan: when a connection to a node is lost, what was written to it last is sent once more over another. */
import { connect, Socket } from 'node:net';

type Sent = Socket & { lastWrite?: Buffer };

/** What nodes are sent begins with it; what clients are sent here does not. */
const ASTERISK = 0x2a;

const write = Socket.prototype.write as (this: Sent, ...args: unknown[]) => boolean;

Socket.prototype.write = function (this: Sent, ...args: unknown[]): boolean {
  const [chunk] = args;
  const port = this.remotePort;
  if (port !== undefined && chunk instanceof Uint8Array && chunk[0] === ASTERISK) {
    if (this.lastWrite === undefined) this.once('close', () => resend(port, this.lastWrite as Buffer));
    this.lastWrite = Buffer.from(chunk);
  }
  return write.apply(this, args);
} as typeof Socket.prototype.write;

function resend(port: number, bytes: Buffer): void {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => setTimeout(() => resend(port, bytes), 10).unref());
  socket.on('connect', () => write.call(socket, bytes));
  socket.resume();
  setTimeout(() => socket.destroy(), 500).unref();
}
