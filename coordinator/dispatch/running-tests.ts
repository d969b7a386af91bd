/**
 * Keeps which tests run on the disk too, so that a coordinator that restarts still knows what ran on a machine that never comes back. Only
 * tests that have run for a while are written: most never are, and what comes to grief sooner is known in memory.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Database } from '../storage/database.ts';
import type { Fleet } from './fleet.ts';

const EVERY_MS = 1_000;

export interface RunningTestsOptions {
  db: Database;
  fleet: Fleet;
  clock: Clock;
  report: (error: unknown, during: string) => void;
}

export class RunningTests {
  readonly #options: RunningTestsOptions;
  /** Fence → what is written of it. */
  readonly #written = new Map<number, string>();
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(options: RunningTestsOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Writes what is new, however young; call it last. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#write(0);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(
      EVERY_MS,
      () => void this.#write(EVERY_MS).finally(() => this.#schedule()),
    );
  }

  async #write(leastAgeMs: number): Promise<void> {
    const { db, fleet, clock, report } = this.#options;
    const before = clock.monotonic() - leastAgeMs;
    for (const fence of this.#written.keys()) if (!fleet.held(fence)) this.#written.delete(fence);
    const rows: [number, string][] = [];
    for (const fence of fleet.grantsWithTests) {
      const running = [...fleet.lastRunning(fence)].filter(([, since]) => since <= before).map(([id]) => id);
      const text = JSON.stringify(running);
      if (running.length > 0 && this.#written.get(fence) !== text) rows.push([fence, text]);
    }
    if (rows.length === 0) return;
    try {
      await db.write((w) =>
        w.run(
          `UPDATE task_attempts SET running = g.value ->> 1 FROM json_each(?) g WHERE fence = g.value ->> 0 AND ended IS NULL`,
          [JSON.stringify(rows)],
        ),
      );
      for (const [fence, text] of rows) this.#written.set(fence, text);
    } catch (error) {
      report(error, 'keeping which tests run');
    }
  }
}
