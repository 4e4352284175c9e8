import { oneLine } from '../errors.ts';
import type { RequestView } from '../protocol/request.ts';
import { argText } from '../protocol/request.ts';
import { asciiLower, asciiUpper } from './argument.ts';
import type { CommandRow } from './row.ts';
import { rowByName } from './table.ts';

/** Redis cuts the command name, and all quoted arguments together, at so many bytes. */
const SHOWN_MAX = 128;

/**
 * Redis 7.0's words for a command that is not known, without `ERR `. One char is one byte: encode as latin1. Redis builds
 * the text with printf, so an argument ends at its first NUL.
 */
export function unknownText(view: RequestView): string {
  const name = cText(view, 0);
  const container = rowByName(asciiLower(argText(view, 0)));
  if (container?.subcommands !== undefined && view.argc > 1) {
    return oneLine(`unknown subcommand '${cText(view, 1).slice(0, SHOWN_MAX)}'. Try ${asciiUpper(name)} HELP.`);
  }
  let shown = '';
  for (let i = 1; i < view.argc && shown.length < SHOWN_MAX; i++) {
    shown += `'${cText(view, i).slice(0, SHOWN_MAX - shown.length)}' `;
  }
  return oneLine(`unknown command '${name.slice(0, SHOWN_MAX)}', with args beginning with: ${shown}`);
}

/** Redis' words for a wrong number of arguments, without `ERR `. */
export function arityText(row: CommandRow): string {
  return `wrong number of arguments for '${row.name}' command`;
}

/** Redis' words for a subcommand that is known and counts its arguments itself, without `ERR `. */
export function subcommandText(view: RequestView): string {
  return `unknown subcommand or wrong number of arguments for '${argText(view, 1)}'. Try ${asciiUpper(argText(view, 0))} HELP.`;
}

/** An argument as C sees it: up to the first NUL. */
function cText(view: RequestView, i: number): string {
  const text = argText(view, i);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
