/** The child: runs one job and tells its result. */
import { type ConnectionsArgs, openConnections } from './connections.ts';
import type { Job, Order, Tells, Told } from './job.ts';
import { type MixedArgs, mixedLoad } from './mixed.ts';
import { type NormalArgs, normalClients } from './normal.ts';
import { type ProbeArgs, probe } from './probe.ts';
import { type TransferArgs, transferLarge } from './transfer.ts';

const JOBS: Readonly<Record<string, (args: never) => Job<unknown>>> = {
  normal: (args: NormalArgs) => normalClients(args),
  transfer: (args: TransferArgs) => transferLarge(args),
  connections: (args: ConnectionsArgs) => openConnections(args),
  probe: (args: ProbeArgs) => probe(args),
  mixed: (args: MixedArgs) => mixedLoad(args),
};

let job: Job<unknown> | undefined;

function start({ job: name, args }: Order): void {
  const run = JOBS[name] as (args: unknown) => Job<unknown>;
  job = run(args);
  job.result.then(
    (result) => leave({ result }),
    (error: Error) => leave({ error: error.stack ?? error.message }),
  );
}

function leave(message: Tells): void {
  process.send?.(message, () => process.exit());
}

process.on('message', (told: Told) => {
  if ('order' in told) start(told.order);
  else if ('mark' in told) job?.mark?.(told.mark);
  else job?.stop();
});
process.on('disconnect', () => process.exit());
