import { verbatimReply } from '../../protocol/encode.ts';
import { argText } from '../../protocol/request.ts';
import type { InfoSection, LocalCommand } from './answer.ts';

/** Words that ask for every section. */
const ALL: ReadonlySet<string> = new Set(['all', 'default', 'everything']);

function render(section: InfoSection): string {
  const lines = Object.entries(section.fields).map(([key, value]) => `${key}:${value}\r\n`);
  return `# ${section.name}\r\n${lines.join('')}`;
}

/** INFO [section ...]: about keyfan itself, in Redis' form; sections it does not have are empty, as in Redis. */
export const info: LocalCommand = (session, view, _row, context) => {
  const wanted = new Set<string>();
  for (let i = 1; i < view.argc; i++) wanted.add(argText(view, i).toLowerCase());
  const all = wanted.size === 0 || [...wanted].some((word) => ALL.has(word));
  const sections = context.info().filter((section) => all || wanted.has(section.name.toLowerCase()));
  return verbatimReply(sections.map(render).join('\r\n'), session.lanes.identity.protocol);
};
