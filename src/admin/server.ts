/** The admin HTTP server: /metrics for Prometheus, /healthz and /readyz for whoever restarts and routes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../observe/log.ts';
import type { Endpoint } from '../util/endpoint.ts';
import { removeStale } from '../util/stale-socket.ts';

export interface PoolReadiness {
  readonly name: string;
  readonly listening: boolean;
  readonly nodesUp: number;
}

export interface AdminOptions {
  readonly listen: Endpoint;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly pools: () => readonly PoolReadiness[] | Promise<readonly PoolReadiness[]>;
  readonly draining: () => boolean;
  readonly log: Log;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Handler = (options: AdminOptions) => Answer | Promise<Answer>;

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

const ROUTES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['/metrics', async ({ metrics }) => ({ status: 200, type: metrics.contentType, body: await metrics.render() })],
  ['/healthz', () => ({ status: 200, type: TEXT, body: 'ok\n' })],
  ['/readyz', readyz],
]);

/** Why keyfan should get no new clients; empty where it should. */
export function reasonsNotReady(pools: readonly PoolReadiness[], draining: boolean): readonly string[] {
  const reasons = draining ? ['draining'] : [];
  if (pools.length === 0) reasons.push('no pools');
  for (const pool of pools) {
    if (!pool.listening) reasons.push(`pool ${pool.name} does not listen`);
    if (pool.nodesUp === 0) reasons.push(`pool ${pool.name} has no node up`);
  }
  return reasons;
}

async function readyz({ pools, draining }: AdminOptions): Promise<Answer> {
  const reasons = reasonsNotReady(await pools(), draining());
  return {
    status: reasons.length === 0 ? 200 : 503,
    type: JSON_TYPE,
    body: `${JSON.stringify({ ready: reasons.length === 0, reasons })}\n`,
  };
}

/** Scrapers are few and their requests small: whatever is slow, long or idle is cut off. */
const HTTP_LIMITS = {
  requestTimeout: 5000,
  headersTimeout: 5000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 8192,
  connectionsCheckingInterval: 1000,
};
const CONNECTIONS_MAX = 64;

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: Server;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#server = createServer(HTTP_LIMITS, (request, response) => void this.#handle(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Rejects with the bind error's `code`. */
  async start(): Promise<void> {
    await removeStale(this.#options.listen);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...this.#options.listen }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#options.log.error({ error: error.message }, 'admin server failed'));
        resolve();
      });
    });
  }

  /** Where it listens; undefined unless it does. */
  address(): Endpoint | undefined {
    const address = this.#server.address() as AddressInfo | string | null;
    if (address === null) return undefined;
    return typeof address === 'string' ? { path: address } : { host: address.address, port: address.port };
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch((error: unknown) => {
      this.#options.log.error({ error: String(error) }, 'admin request failed');
      return { status: 500, type: TEXT, body: 'internal error\n' };
    });
    response.on('error', () => response.destroy());
    const length = Buffer.byteLength(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.type,
      'content-length': length,
      'cache-control': 'no-store',
      ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
      // A body is not wanted here, and not waited for.
      ...(hasBody(request) ? { connection: 'close' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    request.resume();
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    const handler = ROUTES.get(path);
    if (!handler) return { status: 404, type: TEXT, body: 'not found; there are /metrics, /healthz and /readyz\n' };
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, type: TEXT, body: 'method not allowed\n' };
    return handler(this.#options);
  }
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}
