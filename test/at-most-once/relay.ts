import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a broken network loses. */
export type Swallow = 'requests' | 'replies';

/** A TCP relay before a node: faults of the network, which no signal to a process makes. */
export class Relay {
  /** Bytes swallowed so far. */
  swallowed = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(nodePort: number): Promise<Relay> {
    const server = createServer({ noDelay: true });
    const relay = new Relay(server);
    server.on('connection', (client) => {
      const node = connect({ host: '127.0.0.1', port: nodePort, noDelay: true });
      const pair = new Pair(client, node, (bytes) => {
        relay.swallowed += bytes;
      });
      relay.#pairs.add(pair);
      node.on('close', () => relay.#pairs.delete(pair));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return relay;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** From now on passes only `bytes` more of what that side sends. */
  swallow(what: Swallow, bytes: number): void {
    for (const pair of this.#pairs) pair.left[what] = bytes;
  }

  /** RST to both sides. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Pair {
  /** Bytes that still pass. */
  readonly left: Record<Swallow, number> = { requests: Number.POSITIVE_INFINITY, replies: Number.POSITIVE_INFINITY };
  readonly #ends: readonly [Socket, Socket];

  readonly #swallowed: (bytes: number) => void;

  constructor(client: Socket, node: Socket, swallowed: (bytes: number) => void) {
    this.#ends = [client, node];
    this.#swallowed = swallowed;
    this.#pass(client, node, 'requests');
    this.#pass(node, client, 'replies');
    for (const end of this.#ends) {
      end.on('error', () => {});
      end.on('close', () => {
        for (const each of this.#ends) each.destroy();
      });
    }
  }

  reset(): void {
    for (const end of this.#ends) end.resetAndDestroy();
  }

  #pass(from: Socket, to: Socket, what: Swallow): void {
    from.on('data', (chunk) => {
      const bytes = Math.min(this.left[what], chunk.length);
      this.left[what] -= bytes;
      if (bytes > 0) to.write(chunk.subarray(0, bytes));
      if (bytes < chunk.length) this.#swallowed(chunk.length - bytes);
    });
  }
}
