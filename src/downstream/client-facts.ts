import type { CommandRow } from '../command/row.ts';

/** What a client has told and shown of itself. */
export class ClientFacts {
  readonly connectedAt = Date.now();
  /** Set by CLIENT SETNAME and SETINFO. */
  name = '';
  libName = '';
  libVersion = '';
  user = 'default';
  /** Row of the last request. */
  lastCommand: CommandRow | null = null;
}
