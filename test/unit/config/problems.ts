import { parseText } from '../../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../../src/config/problem.ts';

/** What is wrong with a configuration in the file `f.yaml`, line by line. */
export async function problems(text: string, env = {}): Promise<string[]> {
  try {
    await parseText(text, 'f.yaml', env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}
