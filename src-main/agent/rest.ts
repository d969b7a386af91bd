/** A worker that has nothing to do gives back the memory that its start or its last task took. */
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../../shared/base/clock.ts';

/** After so long without work nobody waits for the tenth of a second that it takes. */
const QUIET_MS = 10_000;

export class Rest {
  readonly #clock: Clock;
  #cancel = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called when work begins and when it ends. */
  note(isWorking: boolean): void {
    this.#cancel();
    if (!isWorking) this.#cancel = this.#clock.after(QUIET_MS, collectGarbage);
  }

  close(): void {
    this.#cancel();
  }
}

/** V8 does it by itself only when a heap that has grown once is full again, which an idle agent takes hours for. */
function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: {
    type: 'major';
    execution: 'sync';
    flavor: 'last-resort';
  }) => void;
  v8.setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
