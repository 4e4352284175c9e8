import { argLower } from '../../command/argument.ts';
import { type Fields, sumInfo } from '../../command/info-sums.ts';
import { type ErrorCode, wireText } from '../../errors.ts';
import { isError, payloadOf } from '../../protocol/element.ts';
import { verbatimReply } from '../../protocol/encode.ts';
import { encodeRequest } from '../../protocol/multibulk.ts';
import { argText } from '../../protocol/request.ts';
import type { Lane } from '../../upstream/lane-contract.ts';
import type { ReplyTarget } from '../../upstream/target.ts';
import type { Session } from '../session.ts';
import { type Answer, LATER, type LocalCommand, refused } from './answer.ts';
import type { InfoSection } from './local-context.ts';

/** Words that ask for every section. */
const ALL: ReadonlySet<string> = new Set(['all', 'default', 'everything']);
/** Sections with sums: asked for by name they are answered in full, or with an error. */
const SUMS: ReadonlySet<string> = new Set(['memory', 'stats', 'keyspace']);
/** Nodes before Redis 7 take one section at most, and more than one is needed. */
const ASK_NODE = encodeRequest(['INFO']);

/**
 * INFO [section ...] is about keyfan itself, in Redis' form, with the sums over all nodes; sections that do not exist are empty, as in
 * Redis. INFO NODE name [section ...] is a node's own.
 */
export const info: LocalCommand = (session, view, _row, context) => {
  const wanted = Array.from({ length: view.argc - 1 }, (_, i) => argLower(view, i + 1));
  if (wanted[0] === 'node' && wanted.length > 1) return ofNode(session, argText(view, 2), wanted.slice(2));
  const all = wanted.length === 0 || wanted.some((word) => ALL.has(word));
  const lanes = context.liveNodes().map((node) => session.lanes.at[node] as Lane);
  const asksNodes = all || wanted.includes('server') || wanted.some((word) => SUMS.has(word));
  const own = context.info();
  const isShown = ({ name }: InfoSection): boolean => all || wanted.includes(name.toLowerCase());
  if (!asksNodes || lanes.length === 0) return rendered(session, own.filter(isShown));
  const survey = new Survey(session, lanes, !all && wanted.some((word) => SUMS.has(word)), (texts, silent) =>
    rendered(session, withSums(own, texts, silent).filter(isShown)),
  );
  survey.run();
  return LATER;
};

function rendered(session: Session, sections: readonly InfoSection[]): Buffer {
  return verbatimReply(sections.map(render).join('\r\n'), session.lanes.identity.protocol);
}

function render(section: InfoSection): string {
  const lines = Object.entries(section.fields).map(([key, value]) => `${key}:${value}\r\n`);
  return `# ${section.name}\r\n${lines.join('')}`;
}

/** Where a node did not answer there are no sums, as they would be too small; it is named instead. */
function withSums(own: readonly InfoSection[], texts: readonly string[], silent: readonly string[]): InfoSection[] {
  const sums = texts.length === 0 ? null : sumInfo(texts);
  const whole = silent.length === 0 ? sums : null;
  const added: Readonly<Record<string, Fields | undefined>> = {
    Server: sums === null ? {} : { redis_version: sums.version },
    Stats: whole?.stats,
    Nodes: silent.length === 0 ? {} : { not_in_sums: silent.join(',') },
  };
  const sections = own.map(({ name, fields }) => ({ name, fields: { ...fields, ...added[name] } }));
  if (whole === null) return sections;
  return [...sections, { name: 'Memory', fields: whole.memory }, { name: 'Keyspace', fields: whole.keyspace }];
}

/** Asks all nodes; a node that fails is left out, or where `strict` its failure is the answer. */
class Survey implements ReplyTarget {
  readonly owner: object;
  readonly parts = null;
  readonly #session: Session;
  readonly #token: number;
  readonly #lanes: readonly Lane[];
  readonly #strict: boolean;
  readonly #answer: (texts: readonly string[], silent: readonly string[]) => Buffer;
  readonly #texts: string[] = [];
  readonly #silent: string[] = [];
  #settled = false;

  constructor(
    session: Session,
    lanes: readonly Lane[],
    strict: boolean,
    answer: (texts: readonly string[], silent: readonly string[]) => Buffer,
  ) {
    this.owner = session;
    this.#session = session;
    this.#lanes = lanes;
    this.#strict = strict;
    this.#answer = answer;
    this.#token = session.open();
  }

  run(): void {
    this.#lanes.forEach((lane, i) => {
      lane.send(ASK_NODE, 0, ASK_NODE.length, this, i, false);
    });
  }

  onReply(index: number, buf: Buffer, start: number, end: number): boolean {
    if (!isError(buf, start)) {
      this.#texts.push(payloadOf(buf.subarray(start, end)).toString('latin1'));
      this.#look();
    } else if (this.#strict) this.#settle(() => this.#session.onReply(this.#token, buf, start, end, false));
    else this.#leaveOut(index);
    return true;
  }

  onFailure(index: number, code: ErrorCode, node: string): void {
    if (this.#strict) this.#settle(() => this.#session.onFailure(this.#token, code, node));
    else this.#leaveOut(index);
  }

  #leaveOut(index: number): void {
    this.#silent.push((this.#lanes[index] as Lane).node);
    this.#look();
  }

  #look(): void {
    if (this.#texts.length + this.#silent.length < this.#lanes.length) return;
    this.#settle(() => {
      const whole = this.#answer(this.#texts, this.#silent.sort());
      this.#session.onReply(this.#token, whole, 0, whole.length, false);
    });
  }

  #settle(by: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    by();
  }
}

function ofNode(session: Session, name: string, sections: readonly string[]): Answer | typeof LATER {
  const lane = session.lanes.at.find(({ node }) => wireText(node) === name);
  if (lane === undefined) return refused(`keyfan: there is no node ${name} in this pool; KEYFAN NODES names them`);
  const request = encodeRequest(['INFO', ...sections]);
  lane.send(request, 0, request.length, session, session.open(), true);
  return LATER;
}
