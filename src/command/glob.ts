import { asciiLower } from './argument.ts';

/**
 * Redis' glob (`*`, `?`, `[a-z]`, `[^a]`, `\x`), ignoring case. Backtracks only to the last `*`, which is enough for globs and
 * keeps the time within pattern length times text length.
 */
export function globMatches(pattern: string, text: string): boolean {
  const glob = asciiLower(pattern);
  const name = asciiLower(text);
  let p = 0;
  let t = 0;
  let starAt = -1;
  let retryAt = 0;
  while (t < name.length) {
    if (glob[p] === '*') {
      starAt = p++;
      retryAt = t;
      continue;
    }
    const next = p < glob.length ? matchOne(glob, p, name[t] as string) : -1;
    if (next > 0) {
      p = next;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++retryAt;
    } else {
      return false;
    }
  }
  while (glob[p] === '*') p++;
  return p === glob.length;
}

/** Where the pattern goes on if its element at `p` matches `char`, else -1. */
function matchOne(glob: string, p: number, char: string): number {
  if (glob[p] === '?') return p + 1;
  if (glob[p] === '[') return matchClass(glob, p + 1, char);
  const literal = glob[p] === '\\' && p + 1 < glob.length ? p + 1 : p;
  return glob[literal] === char ? literal + 1 : -1;
}

/** A class without `]` ends with the pattern. */
function matchClass(glob: string, from: number, char: string): number {
  let p = from;
  const negated = glob[p] === '^';
  if (negated) p++;
  let found = false;
  for (; p < glob.length && glob[p] !== ']'; p++) {
    if (glob[p] === '\\' && p + 1 < glob.length) {
      p++;
      found ||= glob[p] === char;
    } else if (glob[p + 1] === '-' && p + 2 < glob.length) {
      const [low, high] = [glob[p] as string, glob[p + 2] as string].sort() as [string, string];
      found ||= char >= low && char <= high;
      p += 2;
    } else {
      found ||= glob[p] === char;
    }
  }
  return found === negated ? -1 : Math.min(p + 1, glob.length);
}
