/** Which key of the configuration asked for a listener that failed. Node's error tells the address only, and not always. */
const KEY = Symbol('the key of the configuration');

/** As `listening`, which rejects; its error knows the key then. */
export async function listenFor(key: string, listening: Promise<void>): Promise<void> {
  try {
    await listening;
  } catch (error) {
    if (error instanceof Error) Object.assign(error, { [KEY]: key });
    throw error;
  }
}

/** The key behind an error of a listener: `pools.cache.listen`, `admin.listen`. */
export function listenKey(error: unknown): string | undefined {
  return (error as { [KEY]?: string } | undefined)?.[KEY];
}
