/** `${NAME}` and `${NAME:-default}` in a text; `$${` stands for a plain `${`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** As in a shell, `:-` also covers a variable that is set but empty. */
export function interpolate(text: string, env: Environment): { readonly value: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const value = text.replace(VARIABLE, (_, escaped: string | undefined, name: string, fallback: string | undefined) => {
    if (escaped !== undefined) return escaped;
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found;
    if (found === undefined) missing.push(name);
    return found ?? '';
  });
  return { value, missing };
}
