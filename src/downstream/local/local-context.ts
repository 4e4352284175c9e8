import type { Attention } from '../attention.ts';
import type { Session } from '../session.ts';
import type { Findings, Question } from './client-question.ts';

/** What local commands may know of the pool around them. */
export interface LocalContext {
  /** Null where clients need not authenticate. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Index of a node for what every node answers alike; -1 where no node is in service. */
  anyNode(): number;
  /** Indexes of the nodes in service. */
  liveNodes(): readonly number[];
  /** The clients of the pool that this process serves. */
  sessions(): Iterable<Session>;
  /** Asks the other processes that serve the pool; null where there are none. */
  readonly elsewhere: ((question: Question) => Promise<Findings>) | null;
  readonly attention: Attention;
  nodes(): readonly NodeFacts[];
  /** Name of the node of a key; all names with commas between where any node serves every key. */
  nodeOf(key: Buffer): string;
  /** Facts for INFO, by section. */
  info(): readonly InfoSection[];
}

/** What KEYFAN NODES tells. */
export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  readonly inFlight: number;
}

export interface InfoSection {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number>>;
}
