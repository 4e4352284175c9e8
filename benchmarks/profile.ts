import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS_MAX = 30;

/** Functions by self time in the newest profile of a directory, as lines `12.3 %  name  file:line`. */
export function topFunctions(dir: string): string[] {
  const file = readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .pop();
  if (file === undefined) return [`no profile was written to ${dir}`];
  const profile = JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const micros = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)') return;
    const label = `${frame.functionName || '(anonymous)'}  ${basename(frame.url)}:${frame.lineNumber + 1}`;
    const delta = profile.timeDeltas[index] ?? 0;
    micros.set(label, (micros.get(label) ?? 0) + delta);
    total += delta;
  });
  return [...micros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, FUNCTIONS_MAX)
    .map(([label, own]) => `${((100 * own) / total).toFixed(1).padStart(5)} %  ${label}`);
}
