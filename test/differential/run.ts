import { startFleet } from '../support/fleet.ts';
import { Random } from '../support/random.ts';
import { startRedis } from '../support/redis.ts';
import { compare, type Difference, type Twist } from './compare.ts';
import { type Episode, episode } from './episode.ts';

export interface Options {
  readonly commands: number;
  readonly seed: number;
  readonly nodes: number;
  readonly strategy: 'ring' | 'modulo' | 'slots';
  /** Episodes at a time. */
  readonly parallel?: number;
  readonly twist?: Twist;
}

export interface Report {
  readonly commands: number;
  readonly episodes: number;
  readonly seconds: number;
  readonly difference: { readonly episode: Episode; readonly difference: Difference } | null;
}

const LENGTH = 150;

/** Random episodes against keyfan and a plain Redis, until `commands` have been compared or a reply differs; the difference is made small. */
export async function runDifferential(options: Options): Promise<Report> {
  const started = performance.now();
  const plain = await startRedis();
  const fleet = await startFleet({ nodes: options.nodes, strategy: options.strategy });
  const parallel = options.parallel ?? 8;
  let [next, commands, episodes] = [0, 0, 0];
  let found: Report['difference'] = null;
  const play = async (one: Episode, batch: number): Promise<Difference | null> =>
    compare(fleet.port, plain.port, one, batch, options.twist ?? ((request) => request));
  const worker = async (): Promise<void> => {
    while (commands < options.commands && found === null) {
      const seed = options.seed * 1_000_000 + next++;
      const one = episode(seed, LENGTH);
      const difference = await play(one, 1 + new Random(seed).below(40));
      commands += one.requests.length;
      episodes++;
      if (difference !== null && found === null) found = { episode: one, difference };
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, worker));
    if (found !== null)
      found = await shrink(found, async (one) => {
        await Promise.all([plain, ...fleet.nodes].map((node) => node.call('FLUSHALL')));
        return play(one, 1);
      });
    return { commands, episodes, seconds: (performance.now() - started) / 1000, difference: found };
  } finally {
    await Promise.all([fleet.stop(), plain.stop()]);
  }
}

type Found = NonNullable<Report['difference']>;

/** Leaves requests out for as long as the reply to the same request still differs: another difference may be an excused one. */
async function shrink(found: Found, play: (one: Episode) => Promise<Difference | null>): Promise<Found> {
  let best = found;
  const culprit = found.episode.requests[found.difference.at];
  const upTo: Episode = { ...found.episode, requests: found.episode.requests.slice(0, found.difference.at + 1) };
  for (let size = Math.ceil(upTo.requests.length / 2), current = upTo; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < current.requests.length; ) {
      const less: Episode = { ...current, requests: [...current.requests.slice(0, from), ...current.requests.slice(from + size)] };
      const difference = less.requests.length === 0 ? null : await play(less).catch(() => null);
      if (difference === null || less.requests[difference.at] !== culprit) {
        from += size;
      } else {
        current = { ...less, requests: less.requests.slice(0, difference.at + 1) };
        best = { episode: current, difference };
      }
    }
  }
  return best;
}
