import type { RequestView } from '../protocol/request.ts';

/** A larger request, in bytes, does not go where other clients would wait behind it, and be refused while it fills the queue. */
export const LARGE_REQUEST = 1024 * 1024;

/** What is asked of a session. */
interface Waiting {
  /** Replies owed. */
  readonly inFlight: number;
  barrier: boolean;
  park(): void;
}

/** The method of a lane by which a request, or a part of it, is sent. */
export type Way = 'send' | 'sendAlone';

/**
 * How the request at hand is sent: a large one on connections where nobody is before or behind it. There it could overtake what is in flight, and be
 * overtaken: so it waits for the one (null: it was parked), and what follows waits for it.
 */
export function wayFor(session: Waiting, view: RequestView): Way | null {
  if (!isLarge(view)) return 'send';
  if (session.inFlight > 0) {
    session.park();
    return null;
  }
  session.barrier = true;
  return 'sendAlone';
}

export function isLarge(view: RequestView): boolean {
  return view.limit - view.base > LARGE_REQUEST;
}
