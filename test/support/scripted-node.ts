import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';
import { requestEnd, requestWords } from './resp-request.ts';
import { until } from './wait.ts';

/** One request as a scripted node got it. */
export interface ScriptedRequest {
  /** The arguments, a character a byte. */
  readonly args: readonly string[];
  readonly raw: Buffer;
  /** Counts from 0 over all connections, and over this connection. */
  readonly index: number;
  readonly indexOnConnection: number;
  readonly connection: ScriptedConnection;
}

/** What a script may do to the connection a request came on. */
export interface ScriptedConnection {
  readonly id: number;
  readonly socket: Socket;
  /** Bytes out, exactly these: a whole reply, half of one, several, or garbage. */
  write(bytes: string | Buffer): void;
  /** FIN behind what was written. */
  end(): void;
  /** RST. */
  reset(): void;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a script without a return statement is a script that answers nothing
export type Answer = string | Buffer | undefined | void;
/**
 * Behaviour per request: bytes to answer with, or nothing where the script acts on `request.connection` itself. A promise
 * holds back this and every later request of the connection until the test settles it: a delay by condition, not by time.
 */
export type Script = (request: ScriptedRequest) => Answer | Promise<Answer>;

export interface ScriptedNode {
  readonly port: number;
  readonly address: string;
  /** Every request so far, in order of arrival, also those a script has not answered yet. */
  readonly requests: readonly ScriptedRequest[];
  /** The connections open now. */
  readonly connections: readonly ScriptedConnection[];
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Takes effect from the next request on. */
  setScript(script: Script): void;
  waitRequests(count: number): Promise<readonly ScriptedRequest[]>;
  /** Resets every open connection. */
  resetAll(): void;
  stop(): Promise<void>;
}

export interface ScriptedOptions {
  readonly port?: number;
  readonly onConnection?: (connection: ScriptedConnection) => void;
}

/** A TCP server that speaks what a test wants to hear, for what a real server will not do on demand. */
export async function startScriptedNode(script: Script, options: ScriptedOptions = {}): Promise<ScriptedNode> {
  const port = options.port ?? (await freePort());
  const node = new Scripted(port, script, options);
  await node.listen();
  return node;
}

/** A promise and the function that settles it: `await gate.promise` in a script, `gate.open()` in the test. */
export function gate(): { readonly promise: Promise<void>; open(): void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open: () => open() };
}

class Scripted implements ScriptedNode {
  readonly port: number;
  readonly requests: ScriptedRequest[] = [];
  accepted = 0;
  private readonly open = new Set<ScriptedConnection>();
  private readonly server: Server;
  private script: Script;

  constructor(port: number, script: Script, options: ScriptedOptions) {
    this.port = port;
    this.script = script;
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket, options));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get connections(): readonly ScriptedConnection[] {
    return [...this.open];
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port: this.port, host: '127.0.0.1' }, resolve);
    });
  }

  setScript(script: Script): void {
    this.script = script;
  }

  async waitRequests(count: number): Promise<readonly ScriptedRequest[]> {
    await until(
      () => this.requests.length >= count,
      () => `${count} requests at ${this.address}, got ${this.requests.length}`,
    );
    return this.requests;
  }

  resetAll(): void {
    for (const connection of this.open) connection.reset();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.open) connection.socket.destroy();
    await closed;
  }

  private accept(socket: Socket, options: ScriptedOptions): void {
    const connection: ScriptedConnection = {
      id: this.accepted++,
      socket,
      write: (bytes) => {
        if (socket.writable) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      },
      end: () => socket.end(),
      reset: () => socket.resetAndDestroy(),
    };
    this.open.add(connection);
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => this.open.delete(connection));
    options.onConnection?.(connection);
    this.serve(connection);
  }

  private serve(connection: ScriptedConnection): void {
    let unread = Buffer.alloc(0);
    let indexOnConnection = 0;
    let turn = Promise.resolve();
    connection.socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      for (let end = requestEnd(unread); end >= 0; end = requestEnd(unread)) {
        const raw = unread.subarray(0, end);
        unread = unread.subarray(end);
        const request = { args: requestWords(raw), raw, index: this.requests.length, indexOnConnection: indexOnConnection++, connection };
        this.requests.push(request);
        turn = turn.then(() => this.answer(request));
      }
    });
  }

  private async answer(request: ScriptedRequest): Promise<void> {
    const bytes = await this.script(request);
    if (bytes !== undefined) request.connection.write(bytes);
  }
}
