import type { Socket } from 'node:net';
import type { Intake } from '../util/intake.ts';
import { type ClientSocket, LightSocket } from '../util/light-socket.ts';
import { READ_BUFFER } from '../util/read-buffer.ts';
import { handleOf, mayBeLight, STREAM_WRAP } from '../util/stream-wrap.ts';

/** `size` bytes are now in `buf`. */
export type OnRead = (size: number, buf: Buffer) => void;

/**
 * An accepted socket (paused, nothing read yet) that reads into the buffers of `intake`. One of Node's own has to hand its libuv handle over; where the
 * handle is out of reach it is used as it is and its chunks are copied: slower, same behaviour.
 */
export function adopt(accepted: ClientSocket, intake: Intake, onRead: OnRead): ClientSocket {
  const light = accepted instanceof LightSocket ? accepted : lighten(accepted);
  if (light === null) return adoptPlain(accepted as Socket, onRead);
  light.read(intake.reader(onRead));
  return light;
}

function lighten(accepted: ClientSocket): LightSocket | null {
  const handle = STREAM_WRAP === null ? null : handleOf(accepted);
  if (handle === null || !mayBeLight(handle)) return null;
  (accepted as unknown as { _handle: null })._handle = null;
  // One that came from another process reads already, which libuv does not begin twice.
  handle.readStop();
  return new LightSocket(handle);
}

function adoptPlain(accepted: Socket, onRead: OnRead): Socket {
  accepted.on('error', () => {});
  accepted.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += READ_BUFFER.length) {
      onRead(chunk.copy(READ_BUFFER, 0, at, Math.min(chunk.length, at + READ_BUFFER.length)), READ_BUFFER);
    }
  });
  accepted.resume();
  return accepted;
}
