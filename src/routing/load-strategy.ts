import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { STRATEGIES } from './strategies/registry.ts';
import type { Locator, RingNode, Strategy } from './strategy.ts';

/** True where `strategy.type` names a module instead of a built-in strategy: it is written as a path or ends like a module. */
export function isStrategyPath(type: string): boolean {
  return type.includes('/') || /\.[cm]?js$/.test(type);
}

/**
 * The strategy of that name, or the default export of the module at that path, taken relative to `baseDir` (where the config file is).
 * Rejects with a message that says what to change.
 */
export async function loadStrategy(type: string, baseDir: string): Promise<Strategy> {
  if (!isStrategyPath(type)) {
    const builtIn = STRATEGIES.get(type);
    if (builtIn !== undefined) return builtIn;
    throw new Error(`unknown strategy "${type}": use ${[...STRATEGIES.keys()].join(', ')} or the path of a module, like ./my-strategy.js`);
  }
  const path = resolve(baseDir, type);
  let loaded: { default?: unknown };
  try {
    loaded = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new Error(`cannot load strategy ${type}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return strategyFromModule(loaded.default, type);
}

/** Checks what a user's module exports and fills in what may be left out: type, placement, ejectable, options. */
export function strategyFromModule(exported: unknown, path: string): Strategy {
  const fail = (problem: string): never => {
    throw new Error(`strategy ${path}: ${problem}`);
  };
  if (typeof exported !== 'object' || exported === null) return fail('its default export must be an object with a build function');
  const { type = path, placement = 'keyed', ejectable = false, options, build } = exported as Record<string, unknown>;
  if (typeof build !== 'function') return fail('build must be a function (nodes, options) => locator');
  if (typeof type !== 'string' || type === '') return fail('type must be a non-empty string');
  if (placement !== 'keyed' && placement !== 'any') return fail('placement must be "keyed" or "any"');
  if (typeof ejectable !== 'boolean') return fail('ejectable must be true or false');
  if (options !== undefined && typeof (options as { safeParse?: unknown } | null)?.safeParse !== 'function') {
    return fail('options must be a zod schema, or left out to get the options as they are written');
  }
  return {
    type,
    placement,
    ejectable,
    options: (options as Strategy['options'] | undefined) ?? z.looseObject({}),
    build: (nodes, given) => checkedLocator(build.call(exported, nodes, given), nodes, path),
  };
}

/** Located once when the configuration is read, so that a broken strategy is refused there and not met key by key. */
const PROBES = ['', 'key', 'user:{1000}:name', '\u00ff\u0000\u0080'].map((text) => Buffer.from(text, 'latin1'));

/** A partition nobody owns: what a key gets that a user's `locate` cannot place. */
const NO_PARTITION = -1;

/** A user's locator with its tables checked. An error for one key must not end the proxy: that key has no node then. */
function checkedLocator(built: unknown, nodes: readonly RingNode[], path: string): Locator {
  const fail = (problem: string): never => {
    throw new Error(`strategy ${path}: ${problem}`);
  };
  if (typeof built !== 'object' || built === null) return fail('build must return a locator object');
  const locator = built as Locator;
  const { partitions, owners } = locator;
  if (typeof locator.locate !== 'function') return fail('the locator needs a function locate(buf, start, end)');
  if (!Number.isSafeInteger(partitions) || partitions < 1) return fail(`partitions must be a positive integer, got ${partitions}`);
  if (!Array.isArray(owners) && !ArrayBuffer.isView(owners)) return fail('owners must be an array of node indexes, one for each partition');
  const list = Array.from(owners as ArrayLike<number>);
  if (list.length !== partitions) return fail(`owners has ${list.length} entries for ${partitions} partitions`);
  const wrong = list.findIndex((owner) => !Number.isInteger(owner) || owner < 0 || owner >= nodes.length);
  if (wrong >= 0) return fail(`owners names node ${list[wrong]}, but there are nodes 0 to ${nodes.length - 1} only`);
  for (const probe of PROBES) {
    const partition = locator.locate(probe, 0, probe.length);
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      return fail(
        `locate gave ${partition} for the key ${JSON.stringify(probe.toString('latin1'))}, not an integer from 0 to ${partitions - 1}`,
      );
    }
  }
  const explain = locator.explain;
  let warned = false;
  const warn = (problem: string): number => {
    // Once: it may be so for every request.
    if (!warned) process.emitWarning(`strategy ${path}: ${problem}; such keys have no node`);
    warned = true;
    return NO_PARTITION;
  };
  return {
    partitions,
    owners: Uint16Array.from(list),
    locate(buf, start, end) {
      try {
        const partition = locator.locate(buf, start, end);
        if (partition >= 0 && partition < partitions && Number.isInteger(partition)) return partition;
        return warn(`locate gave ${partition} for a key, not an integer from 0 to ${partitions - 1}`);
      } catch (error) {
        return warn(`locate failed for a key: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    ...(typeof explain === 'function' ? { explain: (key: Uint8Array) => explain.call(locator, key) } : {}),
  };
}
