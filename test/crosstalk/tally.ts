/** What keyfan answered itself, by the words of its errors; see src/errors.ts. Written down here anew: the judge must not ask the accused. */
export const PROXY_ERRORS = {
  node_down: 'is down; the command was not executed',
  queue_full: 'is full; the command was not executed',
  not_sent: 'failed before the command was sent; it was not executed',
  connection_lost: 'was lost; the command may have been executed',
  timeout: 'did not answer in time; the command may have been executed',
  bad_reply: 'sent a malformed reply; the command may have been executed',
  partly_executed: 'the command was partly executed: ',
  no_nodes: 'no node of this pool is in service; the command was not executed',
} as const;
export type ProxyError = keyof typeof PROXY_ERRORS;
const PROXY_ERROR_ROWS = Object.entries(PROXY_ERRORS) as [ProxyError, string][];
const PROXY_PREFIX = '-ERR keyfan: ';

/** The name of an error of keyfan's own; undefined for any other line. What is partly executed quotes other errors, so it is looked for first. */
export function proxyError(line: string): ProxyError | undefined {
  if (!line.startsWith(PROXY_PREFIX)) return undefined;
  if (line.startsWith(PROXY_PREFIX + PROXY_ERRORS.partly_executed)) return 'partly_executed';
  return PROXY_ERROR_ROWS.find(([, words]) => line.endsWith(words))?.[0];
}

/** True where the node has never seen what this error answers. */
export const saysNotExecuted = (line: string): boolean => line.endsWith('not executed');

export type Counter =
  | 'checks'
  | 'largeChecks'
  | 'nodeErrors'
  | 'nodeKills'
  | 'nodePauses'
  | 'cutReplies'
  | 'unsolicited'
  | 'garbage'
  | 'earlyErrors'
  | 'clientKills'
  | 'clientTimeouts'
  | 'closedByProxy'
  | 'connections';

const EXAMPLES_MAX = 20;

/** What a run has seen. */
export class Tally {
  readonly counts: Record<Counter, number> = {
    checks: 0,
    largeChecks: 0,
    nodeErrors: 0,
    nodeKills: 0,
    nodePauses: 0,
    cutReplies: 0,
    unsolicited: 0,
    garbage: 0,
    earlyErrors: 0,
    clientKills: 0,
    clientTimeouts: 0,
    closedByProxy: 0,
    connections: 0,
  };
  readonly errors: Record<ProxyError, number>;
  crossings = 0;
  /** The first of them, in words. */
  readonly examples: string[] = [];
  /** Called at each crossing. */
  onCrossing: () => void = () => {};

  constructor() {
    this.errors = Object.fromEntries(PROXY_ERROR_ROWS.map(([name]) => [name, 0])) as Record<ProxyError, number>;
  }

  crossing(what: string): void {
    this.crossings++;
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(what);
    this.onCrossing();
  }

  /** The report of a mode. */
  lines(mode: string, seconds: number): string[] {
    const { counts, errors } = this;
    const rate = Math.round(counts.checks / seconds);
    const bound = counts.checks === 0 ? 'none' : (3 / counts.checks).toExponential(2);
    const own = PROXY_ERROR_ROWS.map(([name]) => `${name} ${errors[name]}`).join(', ');
    return [
      `${mode}: ${counts.checks} replies checked in ${seconds.toFixed(1)} s (${rate} a second), ${counts.largeChecks} of them above 30 KiB`,
      `  node kills ${counts.nodeKills}, node pauses ${counts.nodePauses}, replies cut off ${counts.cutReplies}, early errors ${counts.earlyErrors}, unsolicited replies ${counts.unsolicited}, garbage ${counts.garbage}`,
      `  client kills ${counts.clientKills}, client timeouts ${counts.clientTimeouts}, requests timed out ${errors.timeout}, clients that keyfan closed ${counts.closedByProxy}, connections ${counts.connections}`,
      `  errors of nodes ${counts.nodeErrors}; of keyfan (not among the checked replies): ${own}`,
      `  crossings ${this.crossings}; with 95 % confidence fewer than ${bound} of all replies`,
      ...this.examples.map((text) => `  CROSSING ${text}`),
    ];
  }
}
