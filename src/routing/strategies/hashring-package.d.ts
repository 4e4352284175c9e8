/** The part of the npm package `hashring` that is used here; it comes without types. */
declare module 'hashring' {
  interface HashRingOptions {
    'vnode count'?: number;
    compatibility?: string;
    replicas?: number;
    'default port'?: number;
  }
  class HashRing {
    constructor(
      servers: Record<string, { weight: number; vnodes?: number }> | readonly string[],
      algorithm?: string,
      options?: HashRingOptions,
    );
    /** The points of each server, ascending. */
    points(servers: readonly string[]): Record<string, number[]>;
    /** The server of a key. */
    get(key: string): string;
  }
  export = HashRing;
}
