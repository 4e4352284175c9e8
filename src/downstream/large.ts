import type { RequestView } from '../protocol/request.ts';

/** A larger request, in bytes, does not go where other clients would wait behind it, and be refused while it fills the queue. */
export const LARGE_REQUEST = 1024 * 1024;

export function isLarge(view: RequestView): boolean {
  return view.limit - view.base > LARGE_REQUEST;
}

/** What is asked of a session. */
interface Waiting {
  /** Replies owed. */
  readonly inFlight: number;
  barrier: boolean;
  park(): void;
}

/**
 * True where the request at hand may be sent on connections where nobody is before or behind it (`Lane.sendAlone`). There it could overtake what
 * is in flight, and be overtaken: so it waits for the one (false: it was parked), and what follows waits for it.
 */
export function mayGoAlone(session: Waiting): boolean {
  if (session.inFlight > 0) {
    session.park();
    return false;
  }
  session.barrier = true;
  return true;
}
