/** `${NAME}` and `${NAME:-default}` in a text; `$${` stands for a plain `${`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$(\$\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

export interface Interpolated {
  readonly value: string;
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[];
  /** There is a `${` that begins neither form. */
  readonly malformed: boolean;
}

/** As in a shell, `:-` also covers a variable that is set but empty. */
export function interpolate(text: string, env: Environment): Interpolated {
  const missing: string[] = [];
  let malformed = false;
  const value = text.replace(VARIABLE, (whole, escaped: string | undefined, name: string | undefined, fallback: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (name === undefined) {
      malformed = true;
      return whole;
    }
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found;
    if (found === undefined) missing.push(name);
    return found ?? '';
  });
  return { value, missing, malformed };
}
