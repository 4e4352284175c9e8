/** Loaded before keyfan: when a connection to a node is lost, what was written to it last is sent once more over another. */
import { connect } from 'node:net';

/** Node's TCP stream, which everything that is sent passes. */
interface TcpStream {
  writeBuffer(request: object, bytes: Uint8Array): number;
  close(...args: unknown[]): void;
  getpeername(name: { port?: number }): number;
  lastWrite?: Buffer;
  port?: number | undefined;
}

/** What nodes are sent begins with it; what clients are sent here does not. */
const ASTERISK = 0x2a;

const { TCP } = (process as unknown as { binding(name: string): { TCP: { prototype: TcpStream } } }).binding('tcp_wrap');
const { writeBuffer, close } = TCP.prototype;

TCP.prototype.writeBuffer = function (this: TcpStream, request: object, bytes: Uint8Array): number {
  if (bytes[0] === ASTERISK) {
    const name: { port?: number } = {};
    this.getpeername(name);
    this.port = name.port;
    this.lastWrite = Buffer.from(bytes);
  }
  return writeBuffer.call(this, request, bytes);
};

TCP.prototype.close = function (this: TcpStream, ...args: unknown[]): void {
  if (this.lastWrite !== undefined && this.port !== undefined) resend(this.port, this.lastWrite);
  close.apply(this, args);
};

function resend(port: number, bytes: Buffer): void {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => setTimeout(() => resend(port, bytes), 10).unref());
  socket.on('connect', () => {
    socket.write(new Uint8Array(bytes));
    // This one is not sent again.
    delete (socket as unknown as { _handle: TcpStream })._handle.lastWrite;
  });
  socket.resume();
  setTimeout(() => socket.destroy(), 500).unref();
}
