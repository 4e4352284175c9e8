import { verbatimReply } from '../../protocol/encode.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import { argText } from '../../protocol/request.ts';
import type { Session } from '../session.ts';
import { type Answer, type InfoSection, LATER, type LocalCommand, refused } from './answer.ts';

/** Words that ask for every section. */
const ALL: ReadonlySet<string> = new Set(['all', 'default', 'everything']);

function render(section: InfoSection): string {
  const lines = Object.entries(section.fields).map(([key, value]) => `${key}:${value}\r\n`);
  return `# ${section.name}\r\n${lines.join('')}`;
}

/** INFO [section ...]: about keyfan itself, in Redis' form; sections it does not have are empty, as in Redis. INFO NODE name [section ...]: a node's own. */
export const info: LocalCommand = (session, view, _row, context) => {
  const wanted = Array.from({ length: view.argc - 1 }, (_, i) => argText(view, i + 1).toLowerCase());
  if (wanted[0] === 'node' && wanted.length > 1) return ofNode(session, argText(view, 2), wanted.slice(2));
  const all = wanted.length === 0 || wanted.some((word) => ALL.has(word));
  const sections = context.info().filter((section) => all || wanted.includes(section.name.toLowerCase()));
  return verbatimReply(sections.map(render).join('\r\n'), session.lanes.identity.protocol);
};

function ofNode(session: Session, name: string, sections: readonly string[]): Answer | typeof LATER {
  const lane = session.lanes.at.find(({ node }) => node === name);
  if (lane === undefined) return refused(`keyfan: there is no node ${name} in this pool; KEYFAN NODES names them`);
  const request = encodeRequest(['INFO', ...sections]);
  lane.send(request, 0, request.length, session, session.open(), true);
  return LATER;
}
