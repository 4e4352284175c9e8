import { Random } from '../support/random.ts';
import { requestOf, SCRIPTS, TEMPLATES } from './grammar.ts';

export type Request = readonly Buffer[];

/** What a client says from its connection to its end. */
export interface Episode {
  readonly name: string;
  readonly requests: readonly Request[];
}

const words = (...parts: (string | Buffer)[]): Request =>
  parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));

/** Requests that mostly stand alone, among them transactions, scripts and changes of the protocol. */
export function episode(seed: number, length: number): Episode {
  const random = new Random(seed);
  const tag = `e${seed}`;
  const requests: Request[] = [];
  const any = (): Request => requestOf(random.pick(TEMPLATES), random, tag);
  if (random.below(2) === 0) requests.push(words('HELLO', '3'));
  while (requests.length < length) {
    const dice = random.below(40);
    if (dice === 0) requests.push(...transaction(random, any, tag));
    else if (dice === 1) requests.push(script(random, tag));
    else if (dice === 2) requests.push(words('SELECT', random.pick(['0', '1', '2', '99', 'x'])));
    else if (dice === 3 && random.below(4) === 0) requests.push(words('HELLO', random.pick(['2', '3', '4', 'x'])));
    else requests.push(any());
  }
  return { name: `seed ${seed}`, requests };
}

/** Commands that a transaction of keyfan's cannot hold, whatever their arguments. */
const NOT_QUEUED = /^(client|dbsize|wait|config|script)$/i;

function transaction(random: Random, any: () => Request, tag: string): Request[] {
  const requests: Request[] = [];
  if (random.below(3) === 0) requests.push(words('WATCH', `{${tag}}s0`));
  if (random.below(4) === 0) requests.push(any());
  requests.push(words('MULTI'));
  for (let count = random.below(6); count > 0; count--) {
    const request = random.below(6) === 0 ? script(random, tag) : any();
    if (!NOT_QUEUED.test((request[0] as Buffer).toString('latin1'))) requests.push(request);
  }
  if (random.below(8) === 0) requests.push(words('MULTI'));
  requests.push(words(random.pick(['EXEC', 'EXEC', 'EXEC', 'DISCARD', 'RESET'])));
  return requests;
}

function script(random: Random, tag: string): Request {
  const body = random.pick(SCRIPTS);
  const key = `{${tag}}${random.pick(['s0', 's1', 'h0', 'l0'])}`;
  return random.pick([
    () => words('EVAL', body, '1', key, 'value'),
    () => words('EVAL_RO', body, '1', key, 'value'),
    () => words('EVAL', body, random.pick(['0', 'x', '5', '-1'])),
    () => words('EVALSHA', '0'.repeat(40), '1', key),
    () => words('SCRIPT', 'LOAD', body),
  ])();
}
