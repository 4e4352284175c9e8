import t from 'tap';
import type { Request } from './episode.ts';
import { runDifferential } from './run.ts';
import { show } from './show.ts';

/** A short run of what `npm run test:differential` does for long. */
for (const [nodes, strategy] of [
  [1, 'ring'],
  [3, 'slots'],
] as const) {
  t.test(`${nodes} nodes, ${strategy}: every reply is what a plain Redis says`, async (t) => {
    const { commands, difference } = await runDifferential({ commands: 4000, seed: 1, nodes, strategy });
    t.equal(difference === null ? '' : show(difference), '');
    t.ok(commands >= 4000, `${commands} commands`);
  });
}

t.test('a difference is found, and made small', async (t) => {
  const twist = (request: Request): Request =>
    request[0]?.toString() === 'APPEND' ? [...request.slice(0, 2), Buffer.from('another value')] : request;
  const { difference } = await runDifferential({ commands: 100_000, seed: 2, nodes: 1, strategy: 'ring', twist });
  t.match(show(difference as NonNullable<typeof difference>), /APPEND/);
  t.ok((difference?.episode.requests.length ?? 99) <= 4, `${difference?.episode.requests.length} requests are left`);
});
