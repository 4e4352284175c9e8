import type { RequestView } from '../../protocol/request.ts';
import type { GuardName } from '../row.ts';
import type { Covers } from './covers.ts';
import { nearSortPatterns } from './sort-patterns.ts';

/** Null lets the request pass; a text refuses it (stands behind `ERR `). */
export type Guard = (view: RequestView, covers: Covers) => string | null;

export const GUARDS: Readonly<Record<GuardName, Guard>> = {
  near_sort_patterns: nearSortPatterns,
};
