import { Socket } from 'node:net';
import { READ_BUFFER } from '../util/read-buffer.ts';

/** The private field by which Node keeps the libuv stream of a socket. */
interface WithHandle {
  _handle: object | null;
}

/**
 * An accepted socket that reads into READ_BUFFER. Node offers `onread` only for outgoing sockets; an accepted one (paused,
 * nothing read yet) hands its libuv handle to a new socket made with that option. Where the handle is out of reach the
 * socket is used as it is and its chunks are copied: slower, same behaviour.
 *
 * `onRead` gets the number of bytes now in READ_BUFFER.
 */
export function adopt(accepted: Socket, onRead: (size: number) => void): Socket {
  const handle = (accepted as unknown as WithHandle)._handle;
  if (handle === null || handle === undefined) return adoptPlain(accepted, onRead);
  const callback = (size: number): boolean => {
    onRead(size);
    return true;
  };
  (accepted as unknown as WithHandle)._handle = null;
  const options = { handle, allowHalfOpen: true, readable: true, writable: true, onread: { buffer: READ_BUFFER, callback } };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

function adoptPlain(accepted: Socket, onRead: (size: number) => void): Socket {
  accepted.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += READ_BUFFER.length) {
      onRead(chunk.copy(READ_BUFFER, 0, at, Math.min(chunk.length, at + READ_BUFFER.length)));
    }
  });
  return accepted;
}
