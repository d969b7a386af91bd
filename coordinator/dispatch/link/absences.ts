/** Workers whose link broke a moment ago: what they hold goes to others unless they are back in time. */
import { disconnectWorker } from '../connect-worker.ts';
import type { LinkOptions } from './options.ts';

export class Absences {
  readonly #options: Pick<LinkOptions, 'db' | 'clock' | 'settings' | 'failures' | 'log'>;
  /** What ends the wait, by worker. */
  readonly #waits = new Map<string, () => void>();

  constructor(options: Pick<LinkOptions, 'db' | 'clock' | 'settings' | 'failures' | 'log'>) {
    this.#options = options;
  }

  /** Counted from this break alone: a worker that was back meanwhile has its whole time. */
  begin(workerId: string): void {
    const { clock, settings, failures, db, log } = this.#options;
    this.#waits.get(workerId)?.();
    const cancel = clock.after(settings().reconnectGraceMs, () => {
      this.#waits.delete(workerId);
      const reason = 'the connection to its worker broke';
      db.write((w) => disconnectWorker(w, workerId, reason, failures(), clock.now())).catch((error: unknown) => {
        // Its leases still run out, which has the same effect later.
        log.warn({ workerId, error: String(error) }, 'a lost worker could not be recorded');
      });
    });
    this.#waits.set(workerId, cancel);
  }

  /** It is back. */
  end(workerId: string): void {
    this.#waits.get(workerId)?.();
    this.#waits.delete(workerId);
  }
}
