/** Commands about clients that this process serves, or others for the same pool. */
import type { Session } from '../session.ts';
import { type Answer, LATER, parked, refused } from './answer.ts';
import type { Finding, Question } from './client-question.ts';
import { find } from './client-search.ts';
import type { LocalContext } from './local-context.ts';

/** Most ids that a question to other processes may name, and most characters of an address in it: none is longer. */
const IDS_MAX = 65_536;
const ADDRESS_MAX = 256;

type Whole = (findings: readonly Finding[]) => Answer;

/**
 * Answers with what `whole` makes of the findings of all processes. Others are asked only where they may know more; then what the client
 * has pipelined behind this request waits for the answer.
 */
export function gather(session: Session, question: Question, context: LocalContext, whole: Whole): Answer | typeof LATER {
  const { elsewhere } = context;
  // What the client has sent before may be what others wait for.
  if (question.what !== 'list' && session.inFlight > 0) return parked(session);
  if (elsewhere !== null && !knowsAll(context.sessions(), question)) {
    if ((question.filter.ids?.size ?? 0) > IDS_MAX)
      return refused(`keyfan: with several workers at most ${IDS_MAX} ids can be named at once`);
    session.barrier = true;
    settle(session, askAll(session, question, context, elsewhere, whole));
    return LATER;
  }
  const found = find(context.sessions(), question, session);
  if (!(found instanceof Promise)) return told([found]) ?? whole([found]);
  session.barrier = true;
  settle(
    session,
    found.then((finding) => told([finding]) ?? whole([finding])),
  );
  return LATER;
}

async function askAll(
  session: Session,
  question: Question,
  context: LocalContext,
  elsewhere: NonNullable<LocalContext['elsewhere']>,
  whole: Whole,
): Promise<Answer> {
  const here = () => find(context.sessions(), question, session);
  // A list is made when it is wanted: until then it would only take memory.
  const done = question.what === 'list' ? null : here();
  const { findings, silent } = await elsewhere(question);
  const all = [await (done ?? here()), ...findings];
  return told(all) ?? (silent === '' || isWhole(question, all) ? whole(all) : incomplete(question, all, silent));
}

/** Opens the place of the request at hand; it is answered later. */
function settle(session: Session, coming: Promise<Answer>): void {
  const token = session.open();
  void coming.then((answer) => {
    if (answer instanceof Uint8Array) session.onReply(token, answer as Buffer, 0, answer.length, false);
    else session.onFailure(token, answer.code, answer.detail ?? '');
  });
}

/** True where no other process can know of more. Ids are given once. */
function knowsAll(sessions: Iterable<Session>, { filter }: Question): boolean {
  const { ids, address = '', localAddress = '' } = filter;
  if (address.length > ADDRESS_MAX || localAddress.length > ADDRESS_MAX) return true;
  if (ids === undefined) return false;
  let missing = ids.size;
  for (const { id } of sessions) if (ids.has(id)) missing--;
  return missing === 0;
}

/** The answer of a process that is to be passed on as it is; null where there is none. */
function told(findings: readonly Finding[]): Answer | null {
  for (const finding of findings) if ('answer' in finding) return finding.answer;
  return null;
}

export function countOf(findings: readonly Finding[]): number {
  let sum = 0;
  for (const finding of findings) sum += 'count' in finding ? finding.count : 'ids' in finding ? finding.ids.length : 0;
  return sum;
}

/** True where every client that was asked for by id is found: a silent process cannot know of more. */
function isWhole({ filter: { ids } }: Question, findings: readonly Finding[]): boolean {
  return ids !== undefined && countOf(findings) === ids.size;
}

/** An error instead of a part: a list or a number would look like all there is. */
function incomplete({ what }: Question, findings: readonly Finding[], silent: string): Answer {
  const count = countOf(findings);
  if (what !== 'kill' || count === 0) return { code: 'worker_silent', detail: silent };
  return { code: 'partly_executed', detail: `${count} clients were disconnected; ${silent} did not answer in time` };
}
