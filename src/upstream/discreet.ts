/** Where a node begins to quote what it was sent. */
const QUOTE = /['"`]/;

/** So much of what is no reply is shown. */
const BEGINNING_MAX = 40;

/**
 * What a node said to `secrets`, to be shown where they may not be: in the log. Nodes quote what they do not understand, and
 * one with a renamed AUTH does not understand that. `text` is whole; both are wire texts.
 */
export function discreet(text: string, secrets: readonly string[]): string {
  const hidden = secrets.filter((secret) => secret !== '');
  const tells = (shown: string): boolean => hidden.some((secret) => shown.includes(secret));
  const unquoted = (text.split(QUOTE, 1)[0] as string).trimEnd();
  if (!tells(unquoted)) return unquoted;
  const word = unquoted.split(/\s/, 1)[0] as string;
  return tells(word) ? '' : word;
}

/**
 * How `text` begins, as far as it may be shown: whoever sent it is no Redis and may repeat whatever he was told. Next to
 * secrets it is the first word, and only where that is whole: of a secret cut in two nobody would know.
 */
export function beginning(text: string, secrets: readonly string[]): string {
  const said = text.trimStart();
  const shown = secrets.length === 0 ? (said.split(/[\r\n]/, 1)[0] as string) : discreet(/^(\S+)\s/.exec(said)?.[1] ?? '', secrets);
  return shown.slice(0, BEGINNING_MAX).replace(/[^ -~]/g, '.');
}
