/** Knows which cancelled grants have not yet been reported as stopped by their workers, so that a cancel can be answered honestly. */
import type { Clock } from '../../shared/base/clock.ts';
import type { HeldGrant } from './fleet.ts';

export class StopWatch {
  readonly #clock: Clock;
  readonly #stopping = new Map<number, HeldGrant>();
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A worker was told to stop this grant. */
  told(grant: HeldGrant): void {
    this.#stopping.set(grant.fence, grant);
  }

  /** The worker's last word on a grant has come, or the worker is gone. */
  ended(fence: number): void {
    if (!this.#stopping.delete(fence)) return;
    for (const look of [...this.#waiting]) look();
  }

  workerGone(workerId: string): void {
    for (const grant of this.#stopping.values()) if (grant.workerId === workerId) this.ended(grant.fence);
  }

  /** Resolves with how many grants of the run are still being stopped, as soon as that is 0, at the latest after `ms`. */
  async whenStopped(runId: string, ms: number): Promise<number> {
    const left = () => [...this.#stopping.values()].filter((grant) => grant.runId === runId).length;
    if (left() === 0) return 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (left() === 0) resolve();
    };
    this.#waiting.add(look);
    const cancelTimer = this.#clock.after(ms, resolve);
    await promise;
    this.#waiting.delete(look);
    cancelTimer();
    return left();
  }
}
