import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a condition, never for a time: polls until `condition` gives something truthy and resolves with it.
 * Past the deadline it rejects and says what was waited for, with the last error the condition threw, if any.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  message: string | (() => string),
  deadlineMs = 10_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + deadlineMs;
  let lastError: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result as NonNullable<Exclude<T, false>>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      const text = typeof message === 'function' ? message() : message;
      throw new Error(`waited ${deadlineMs / 1000} s for: ${text}${lastError === undefined ? '' : ` (last error: ${lastError})`}`);
    }
    await sleep(10);
  }
}

/** `promise`, or a rejection with `message` where it takes longer than `deadlineMs`. */
export function within<T>(promise: Promise<T>, message: string | (() => string), deadlineMs = 10_000): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`waited ${deadlineMs / 1000} s for ${typeof message === 'function' ? message() : message}`));
    }, deadlineMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits until a number stays the same over many looks; resolves with it. */
export async function settled(read: () => Promise<number>): Promise<number> {
  let last = -1;
  let same = 0;
  await until(async () => {
    const now = await read();
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= 15;
  }, 'a number to settle');
  return last;
}
