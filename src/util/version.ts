import { existsSync, readFileSync } from 'node:fs';

/** keyfan's version, from its package.json: two or three folders up, as the code runs from `src` or from `dist/src`. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const places = ['../../package.json', '../../../package.json'].map((place) => new URL(place, import.meta.url));
  const place = places.find((candidate) => existsSync(candidate));
  return place === undefined ? 'unknown' : (JSON.parse(readFileSync(place, 'utf8')) as { version: string }).version;
}
