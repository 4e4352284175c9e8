/** Every reason for which keyfan itself disconnects a client, with its text in the log. */
export const DISCONNECTS = {
  idle: 'sent nothing for longer than client_idle allows',
  query_limit: 'more was sent without a whole request than client_query allows',
  request_timeout: 'stopped in the middle of a request',
  stalled: 'takes no replies',
  unauthenticated: 'unsent replies of a client that has not authenticated',
  memory: 'memory limit: most was held for this client',
  slow_subscriber: 'takes no messages',
  killed: 'CLIENT KILL',
  tracking_lost: 'a connection whose reads a node tracked for the client was lost',
  cut_off: 'a reply was cut off by its node',
  cross_protocol: 'possible cross-protocol scripting',
} as const;

export type DisconnectReason = keyof typeof DISCONNECTS;

export const DISCONNECT_REASONS = Object.keys(DISCONNECTS) as DisconnectReason[];
