import { Socket } from 'node:net';
import type { Intake } from '../util/intake.ts';
import { READ_BUFFER } from '../util/read-buffer.ts';

/** The private field by which Node keeps the libuv stream of a socket. */
interface WithHandle {
  _handle: object | null;
}

/** `size` bytes are now in `buf`. */
export type OnRead = (size: number, buf: Buffer) => void;

/**
 * An accepted socket that reads into the buffers of `intake`. Node offers `onread` only for outgoing sockets; an accepted one
 * (paused, nothing read yet) hands its libuv handle to a new socket made with that option. Where the handle is out of
 * reach the socket is used as it is and its chunks are copied: slower, same behaviour.
 */
export function adopt(accepted: Socket, intake: Intake, onRead: OnRead): Socket {
  const handle = (accepted as unknown as WithHandle)._handle;
  if (handle === null || handle === undefined) return adoptPlain(accepted, onRead);
  (accepted as unknown as WithHandle)._handle = null;
  const options = { handle, allowHalfOpen: true, readable: true, writable: true, onread: intake.onread(onRead) };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

function adoptPlain(accepted: Socket, onRead: OnRead): Socket {
  accepted.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += READ_BUFFER.length) {
      onRead(chunk.copy(READ_BUFFER, 0, at, Math.min(chunk.length, at + READ_BUFFER.length)), READ_BUFFER);
    }
  });
  return accepted;
}
