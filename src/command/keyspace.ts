/** True for channels of keyspace notifications: every node tells of its own keys there. */
export function isKeyspace(channel: string): boolean {
  return /^__key(space|event)@/.test(channel);
}
