import type { Protocol } from '../protocol/encode.ts';

/** What tells connections to a node apart: a session is served only from connections of its own identity. */
export interface Identity {
  /** Version of RESP that is spoken. */
  readonly protocol: Protocol;
  /** Number of the database that is selected. */
  readonly database: number;
}

/** Equal for equal identities. */
export function identityKey({ protocol, database }: Identity): number {
  return database * 2 + (protocol - 2);
}
