import type { RequestView } from '../../protocol/request.ts';

/** True where all keys made from argument `pattern`, whatever replaces its `*`, are on the node of argument `key`. */
export type Covers = (view: RequestView, key: number, pattern: number) => boolean;
