import type { RequestView } from '../../protocol/request.ts';
import { argIs } from '../argument.ts';

/** COPY source destination [DB n] [REPLACE]: behind keyfan there is only database 0. */
export function noOtherDatabase(view: RequestView): string | null {
  for (let i = 3; i < view.argc - 1; i++) {
    if (!argIs(view, i, 'db')) continue;
    i++;
    if (!argIs(view, i, '0')) return "keyfan: 'copy' with DB is not supported: there is only database 0";
  }
  return null;
}
