/**
 * What the primary and its workers say to each other. The channel keeps the order of each side: a client that was handed
 * over before `drain` is served before the drain.
 *
 *   primary ──start──▶ worker      primary ◀──ready── worker
 *           ──client─▶ (+ socket)          ◀──taken──
 *           ──report─▶                     ◀──report─
 *           ──drain──▶                     ◀──gone───
 *           ──pause──▶ (the others)        ◀──pause──
 *           ──question▶ (the others)       ◀──ask────
 *           ──answers▶                     ◀──answer─
 */
import type { Config } from '../config/schema.ts';
import type { Finding, Findings, Question } from '../downstream/local/client-question.ts';
import type { Pause } from '../downstream/pauses.ts';
import type { BackendCounters, PoolCounters } from '../observe/counters.ts';

export type ToWorker =
  | { readonly type: 'start'; readonly version: string; readonly worker: number; readonly config: Config }
  /** With a socket. `full`: the pool has as many clients as it may have, so this one is told so. */
  | { readonly type: 'client'; readonly pool: string; readonly id: number; readonly full: boolean }
  | { readonly type: 'report'; readonly ask: number }
  | Paused
  /** Of a client of another worker. After `until`, of the clock, nobody waits for the answer any more. */
  | (Asked & { readonly type: 'question'; readonly until: number })
  /** What the others have found. */
  | (Findings & { readonly type: 'answers'; readonly ask: number })
  | { readonly type: 'drain' };

export type ToPrimary =
  | { readonly type: 'ready' }
  /** The client with that id has arrived. */
  | { readonly type: 'taken'; readonly id: number }
  /** So many clients of the pool have gone since this was said last. */
  | { readonly type: 'gone'; readonly pool: string; readonly clients: number }
  | Paused
  | (Asked & { readonly type: 'ask' })
  /** Null where the question came too late: nothing was done. */
  | { readonly type: 'answer'; readonly ask: number; readonly finding: Finding | null }
  /** Unasked now and then with `answers` 0, so that little is lost with a worker that is killed. */
  | { readonly type: 'report'; readonly answers: number; readonly report: WorkerReport };

/** A client has ordered that all clients of the pool pause, whichever worker serves them. */
interface Paused {
  readonly type: 'pause';
  readonly pool: string;
  readonly pause: Pause;
}

/** A client asks about the clients of a pool, whichever worker serves them. `ask` is the number of the question where it is sent from. */
interface Asked {
  readonly ask: number;
  readonly pool: string;
  readonly question: Question;
}

export interface WorkerReport {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly pools: readonly PoolReport[];
}

/** Numbers only; who reads them knows the names. */
export interface PoolReport {
  readonly counters: PoolFigures;
  /** In the order of the configuration. */
  readonly backends: readonly BackendFigures[];
}

/** The fields of a class without its methods: what is left after the way between two processes. */
type Figures<T> = { -readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: Plain<T[K]> };
type Plain<T> = T extends number | Float64Array ? T : Figures<T>;

export type PoolFigures = Figures<PoolCounters>;
export type BackendFigures = Figures<BackendCounters>;
