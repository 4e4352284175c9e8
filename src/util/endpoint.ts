/** Where something listens or can be reached. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** `host:port`, `[::1]:port` or `unix:/path`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return `unix:${endpoint.path}`;
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}
