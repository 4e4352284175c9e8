import type { CommandRow } from '../command/row.ts';
import type { RequestView } from '../protocol/request.ts';
import { addressOf } from './local/client-line.ts';
import { Monitors } from './monitors.ts';
import { type Pause, Pauses } from './pauses.ts';
import type { Session } from './session.ts';

/** What may stand between a request and its ordinary way, whoever sends it: a pause, and who looks on. */
export class Attention {
  /** False where no request needs to be looked at. */
  active = false;
  readonly pauses: Pauses;
  readonly monitors = new Monitors(() => this.#update());

  /** See `Pauses`. */
  constructor(tellPause: (pause: Pause) => void) {
    this.pauses = new Pauses(() => this.#update(), tellPause);
  }

  #update(): void {
    this.active = this.pauses.active || this.monitors.size > 0;
  }

  /** True where the request has to wait. `again`: it did so before. */
  holds(session: Session, view: RequestView, row: CommandRow, again: boolean): boolean {
    if (!again && this.monitors.size > 0) {
      this.monitors.tell({ address: addressOf(session), database: session.lanes.identity.database }, view, row);
    }
    return this.pauses.active && this.pauses.holds(session, row);
  }
}
