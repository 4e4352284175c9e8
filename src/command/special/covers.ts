import type { RequestView } from '../../protocol/request.ts';

/** True where all keys that argument `pattern` can make, whatever stands for its `*`, are on the node of argument `key`. */
export type Covers = (view: RequestView, key: number, pattern: number) => boolean;
