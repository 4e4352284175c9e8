import type { Report } from './run.ts';

/** A difference for people: the requests that lead to it, and both replies. */
export function show({ episode, difference }: NonNullable<Report['difference']>): string {
  const requests = episode.requests.slice(0, difference.at + 1).map((request, i) => {
    const words = request.map((word) => JSON.stringify(word.toString('latin1'))).join(' ');
    return `  ${i === difference.at ? '→' : ' '} ${words}`;
  });
  return [
    `DIFFERENCE (${episode.name})`,
    ...requests,
    `keyfan ${JSON.stringify(difference.ours)}`,
    `Redis  ${JSON.stringify(difference.theirs)}`,
  ].join('\n');
}
