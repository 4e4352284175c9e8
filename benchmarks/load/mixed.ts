import { Random } from '../../test/support/random.ts';
import { encode } from '../../test/support/resp.ts';
import { type DatasetName, keyOf, value } from '../datasets.ts';

/** A draw of a random number below `below`. */
type Draw = (below: number) => number;

/** What a cache in front of a web application sees, in parts of a hundred. */
const MIX: readonly { readonly parts: number; readonly args: (draw: Draw, keys: number) => string[] }[] = [
  { parts: 50, args: (draw, keys) => ['GET', key('small', draw, keys)] },
  { parts: 10, args: (draw, keys) => ['GET', key('1k', draw, keys)] },
  { parts: 16, args: (draw, keys) => ['SET', key('small', draw, keys), value('small')] },
  { parts: 4, args: (draw, keys) => ['SET', key('1k', draw, keys), value('1k')] },
  { parts: 6, args: (draw, keys) => ['MGET', ...keysOf(10, draw, keys)] },
  { parts: 2, args: (draw, keys) => ['MSET', ...keysOf(10, draw, keys).flatMap((name) => [name, value('small')])] },
  { parts: 5, args: (draw, keys) => ['INCR', `count:${draw(keys)}`] },
  { parts: 4, args: (draw, keys) => ['EXPIRE', key('small', draw, keys), '100000'] },
  { parts: 3, args: (draw, keys) => ['DEL', key('absent', draw, keys)] },
];

const key = (name: DatasetName, draw: Draw, keys: number): string => keyOf(name, draw(keys));
const keysOf = (count: number, draw: Draw, keys: number): string[] => Array.from({ length: count }, () => key('small', draw, keys));

/** Encoded batches of `pipeline` requests of the mix; the same every time. */
export function mixedBatches(pipeline: number, keys: number, requests = 4096): Buffer[] {
  const random = new Random(1);
  const draw: Draw = (below) => random.below(below);
  const one = (): Buffer => {
    let part = draw(100);
    const kind = MIX.find(({ parts }) => {
      part -= parts;
      return part < 0;
    });
    return encode((kind as (typeof MIX)[number]).args(draw, keys));
  };
  return Array.from({ length: Math.ceil(requests / pipeline) }, () => Buffer.concat(Array.from({ length: pipeline }, one)));
}
