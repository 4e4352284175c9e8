/** Where a node begins to quote what it was sent. */
const QUOTE = /['"`]/;

/**
 * What a node said to `secrets`, to be shown where they may not be: in the log. Nodes quote what they do not understand, and
 * one with a renamed AUTH does not understand that. `text` is whole and read as latin1.
 */
export function discreet(text: string, secrets: readonly string[]): string {
  const hidden = secrets.filter((secret) => secret !== '').map((secret) => Buffer.from(secret).toString('latin1'));
  const tells = (shown: string): boolean => hidden.some((secret) => shown.includes(secret));
  const unquoted = (text.split(QUOTE, 1)[0] as string).trimEnd();
  if (!tells(unquoted)) return unquoted;
  const word = unquoted.split(/\s/, 1)[0] as string;
  return tells(word) ? '' : word;
}
