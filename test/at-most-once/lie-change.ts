/** Loaded before keyfan, and again as Node.js' loader hooks: changes one text of keyfan's code on its way in. */
import { type LoadHook, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { CHANGES } from './lies.ts';

const { file, from, to } = CHANGES[new URL(import.meta.url).searchParams.get('lie') as keyof typeof CHANGES];

if (isMainThread) register(import.meta.url);

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!url.endsWith(file)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(from)) throw new Error(`${file} does not hold ${from}`);
  return { ...loaded, source: source.replaceAll(from, to) };
};
