import { counterKey, KEYS, type Ledger, listKey, msetKeys, msetValue, type Outcome } from './ledger.ts';
import type { Records } from './records.ts';

/** How often a write may have been executed, by what its client was told. */
const EXECUTIONS: Readonly<Record<Outcome, readonly [min: number, max: number]>> = {
  ok: [1, 1],
  never: [0, 0],
  cut: [0, 0],
  unknown: [0, 1],
  gone: [0, 1],
  // Judged by its own parts.
  partly: [0, 1],
  odd: [0, 1],
  open: [0, 1],
};

export interface Verdict {
  lies: number;
  /** The first of them in words. */
  readonly texts: string[];
}

const TEXTS_MAX = 20;

/** Name of the node that owns a key. */
export type Owner = (key: string) => string;

/** Holds what clients were told against what the nodes have. */
export function judge(ledger: Ledger, records: Records, owner: Owner): Verdict {
  const verdict: Verdict = { lies: 0, texts: [] };
  const lie = (text: string): void => {
    verdict.lies++;
    if (verdict.texts.length < TEXTS_MAX) verdict.texts.push(text);
  };
  for (const text of records.oddities) lie(text);
  judgeReplies(ledger, lie);
  judgeCounters(ledger, records, lie);
  judgeLists(ledger, records, lie);
  for (let id = 0; id < ledger.issued; id++) if (ledger.kindOf(id) === 'mset') judgeMset(ledger, records, owner, id, lie);
  return verdict;
}

type Lie = (text: string) => void;

const shown = (ledger: Ledger, id: number): string =>
  `write ${id} (${ledger.kindOf(id)} ${ledger.key[id]}), answered ${ledger.outcomeOf(id)}`;

/** Every write is over, in words that are known; integers grow as time goes by, and within a session. */
function judgeReplies(ledger: Ledger, lie: Lie): void {
  const last = new Map<string, number>();
  for (let id = 0; id < ledger.issued; id++) {
    const outcome = ledger.outcomeOf(id);
    if (outcome === 'open') lie(`write ${id} never ended`);
    if (outcome === 'odd') lie(`${shown(ledger, id)}: ${ledger.texts.get(id)}`);
    if (outcome !== 'ok' || ledger.kindOf(id) === 'mset') continue;
    const value = ledger.value[id] as number;
    const floor = ledger.floor[id] as number;
    if (value <= floor) lie(`${shown(ledger, id)} ${value}, though ${floor} had been answered before it was sent`);
    const place = `${ledger.session[id]} ${ledger.kind[id]} ${ledger.key[id]}`;
    const before = last.get(place) ?? 0;
    if (value <= before) lie(`${shown(ledger, id)} ${value} behind ${before} in the same session`);
    last.set(place, value);
  }
}

/** A counter stands at the number of writes that were executed; no integer was answered twice. */
function judgeCounters(ledger: Ledger, records: Records, lie: Lie): void {
  const bounds = Array.from({ length: KEYS }, () => ({ min: 0, max: 0, values: new Set<number>() }));
  for (let id = 0; id < ledger.issued; id++) {
    if (ledger.kindOf(id) !== 'incr') continue;
    const entry = bounds[ledger.key[id] as number] as (typeof bounds)[number];
    const [min, max] = EXECUTIONS[ledger.outcomeOf(id)];
    entry.min += min;
    entry.max += max;
    if (min === 0) continue;
    const value = ledger.value[id] as number;
    if (entry.values.has(value)) lie(`${shown(ledger, id)} ${value} for the second time`);
    entry.values.add(value);
    if (value > records.counter(counterKey(ledger.key[id] as number))) lie(`${shown(ledger, id)} ${value}, more than the node has`);
  }
  bounds.forEach(({ min, max }, key) => {
    const value = records.counter(counterKey(key));
    if (value >= min && value <= max) return;
    const off = value < min ? min - value : value - max;
    for (let i = 0; i < off; i++) lie(`${counterKey(key)} is ${value}, but was written ${min} to ${max} times`);
  });
}

/** Each token stands in its list as often as it was executed, where its reply said. */
function judgeLists(ledger: Ledger, records: Records, lie: Lie): void {
  const seen = new Uint8Array(ledger.issued);
  for (let key = 0; key < KEYS; key++) {
    for (const token of records.list(listKey(key))) {
      const id = Number(token);
      const known = Number.isInteger(id) && id >= 0 && id < ledger.issued && ledger.kindOf(id) === 'rpush' && ledger.key[id] === key;
      if (known) seen[id] = (seen[id] as number) + 1;
      else lie(`${listKey(key)} holds ${token}, which nobody wrote`);
    }
  }
  for (let id = 0; id < ledger.issued; id++) {
    if (ledger.kindOf(id) !== 'rpush') continue;
    const [min, max] = EXECUTIONS[ledger.outcomeOf(id)];
    const times = seen[id] as number;
    if (times < min || times > max) lie(`${shown(ledger, id)}: executed ${times} times`);
    const value = ledger.value[id] as number;
    if (min === 1 && records.list(listKey(ledger.key[id] as number))[value - 1] !== String(id)) {
      lie(`${shown(ledger, id)} ${value}, which is not its place`);
    }
  }
}

const PARTLY = /: (\d+) of (\d+) parts were done; node (\S+): (.*)$/;

/** The parts of one MSET, each of them executed whole or not at all, against what its reply told. */
function judgeMset(ledger: Ledger, records: Records, owner: Owner, id: number, lie: Lie): void {
  const parts = new Map<string, boolean[]>();
  for (const key of msetKeys(id)) {
    const node = owner(key);
    const value = records.text(key);
    if (value !== undefined && value !== msetValue(id)) lie(`${key} is ${value}`);
    parts.set(node, [...(parts.get(node) ?? []), value !== undefined]);
  }
  const done = new Set<string>();
  for (const [node, present] of parts) {
    if (present.every(Boolean)) done.add(node);
    else if (present.some(Boolean)) lie(`${shown(ledger, id)}: half of a part is on node ${node}`);
  }
  const outcome = ledger.outcomeOf(id);
  const told = `${shown(ledger, id)}: ${done.size} of ${parts.size} parts were executed`;
  if (outcome === 'ok' && done.size < parts.size) lie(told);
  if (EXECUTIONS[outcome][1] === 0 && done.size > 0) lie(told);
  if (outcome !== 'partly') return;
  const text = ledger.texts.get(id) as string;
  const [, doneTold = '', all = '', node = '', reason = ''] = PARTLY.exec(text) ?? [];
  const unknown = reason.endsWith('may have run');
  const wrong =
    Number(all) !== parts.size ||
    done.size < Number(doneTold) ||
    Number(doneTold) < 1 ||
    !parts.has(node) ||
    (!unknown && done.has(node)) ||
    (done.size === parts.size && !unknown);
  if (wrong) lie(`${told}, told was ${text}`);
}
