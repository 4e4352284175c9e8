import type { RequestView } from '../../protocol/request.ts';
import type { GuardName } from '../row.ts';
import { noSortPatterns } from './sort-patterns.ts';

/** Null lets the request pass; a text refuses it (stands behind `ERR `). */
export type Guard = (view: RequestView) => string | null;

export const GUARDS: Readonly<Record<GuardName, Guard>> = {
  no_sort_patterns: noSortPatterns,
};
