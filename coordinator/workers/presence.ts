/**
 * Who was heard of lately, by a clock that nobody sets, and the loop that declares silent workers offline. The column `last_seen_at` is for
 * people only: a wall clock that jumps must not send anybody offline.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { markOffline } from './mark-offline.ts';

const TICK_MS = 5_000;
/** A tick that comes this much later than planned means that this process stood still, and could hear nobody. */
const LATE_MS = 5_000;

export interface PresenceOptions {
  db: Database;
  clock: Clock;
  /** Milliseconds of silence after which a worker counts as offline. */
  timeoutMs: () => number;
  /** What else happens in that command: its tasks are queued again. */
  onOffline: (w: WriteHandle, workerId: string, reason: string, now: number) => Promise<void>;
  report: (error: unknown, during: string) => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  /** Worker id → monotonic time when it was heard of, or first seen to be online. */
  readonly #heard = new Map<string, number>();
  #lastTick: number;
  #stopped = false;
  #cancel: () => void = () => undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#lastTick = options.clock.monotonic();
    this.#schedule();
  }

  heard(workerId: string): void {
    this.#heard.set(workerId, this.#options.clock.monotonic());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(TICK_MS, () => void this.#tick().finally(() => this.#schedule()));
  }

  async #tick(): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (now - this.#lastTick > TICK_MS + LATE_MS) this.#heard.clear();
    this.#lastTick = now;
    try {
      await this.#endSilent(now);
    } catch (error) {
      this.#options.report(error, 'looking for silent workers');
    }
  }

  async #endSilent(now: number): Promise<void> {
    const { db, clock, timeoutMs, onOffline } = this.#options;
    const rows = await db.read((r) => r.all<{ id: string }>('SELECT id FROM workers WHERE online = 1'));
    const online = new Set(rows.map((row) => row.id));
    for (const id of this.#heard.keys()) if (!online.has(id)) this.#heard.delete(id);
    for (const id of online) if (!this.#heard.has(id)) this.#heard.set(id, now);
    const limit = timeoutMs();
    const silent = [...this.#heard].filter(([, heard]) => now - heard > limit);
    for (const [id] of silent) {
      const reason = `it was not heard of for ${Math.round(limit / 1000)} s`;
      await db.write(async (w) => {
        if (await markOffline(w, id, reason)) await onOffline(w, id, reason, clock.now());
      });
    }
  }
}
