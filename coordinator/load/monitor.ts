/** Watches whether the coordinator keeps up, says so to whoever asks, and stores an event at each change. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../shared/base/clock.ts';
import type { Database } from '../storage/database.ts';
import {
  calm,
  leavesOut,
  nextLoad,
  nextSaturation,
  SHEDDABLE,
  type Load,
  type Saturation,
  type Sheddable,
} from './rules/load.ts';

const LOOK_MS = 250;
const RESOLUTION_MS = 10;

export interface LoadMonitorOptions {
  db: Database;
  clock: Clock;
  /** Bytes received from workers and not carried out yet. */
  inflowBytes: () => number;
  /** The level is another; called before its event is stored. */
  onChange: () => void;
  report: (error: unknown, during: string) => void;
}

/** What was left out since the start. */
export type LeftOut = Record<Sheddable, number>;

export class LoadMonitor {
  readonly #options: LoadMonitorOptions;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #leftOut = Object.fromEntries(SHEDDABLE.map((what) => [what, 0])) as LeftOut;
  #load: Load;
  /** By the clock that people read. */
  #since: number;
  #lookedAt: number;
  #storeMs: number;
  #saturation: Saturation = { share: 0, since: null };
  #stopped = false;
  #cancel = (): void => undefined;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
    const { clock, db } = options;
    this.#load = calm(clock.monotonic());
    this.#since = clock.now();
    this.#lookedAt = clock.monotonic();
    this.#storeMs = db.stats().busyMs;
    this.#delays.enable();
    this.#schedule();
  }

  get level(): Load['level'] {
    return this.#load.level;
  }

  /** For health: `since` in milliseconds since the epoch. */
  get facts(): { level: Load['level']; since: number; reasons: readonly string[]; leftOut: Readonly<LeftOut> } {
    const { level, reasons } = this.#load;
    return { level, since: this.#since, reasons, leftOut: { ...this.#leftOut } };
  }

  /** Whether this is to be left out now; if so, it is counted as left out. */
  leavesOut(what: Sheddable, count = 1): boolean {
    if (!leavesOut(this.#load.level, what)) return false;
    this.#leftOut[what] += count;
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#delays.disable();
  }

  #schedule(): void {
    if (!this.#stopped) this.#cancel = this.#options.clock.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const { clock, db, inflowBytes } = this.#options;
    const now = clock.monotonic();
    const { busyMs, oldestWaitMs } = db.stats();
    const before = this.#load;
    const share = (busyMs - this.#storeMs) / Math.max(1, now - this.#lookedAt);
    this.#saturation = nextSaturation(this.#saturation, share, now);
    const signals = {
      // The histogram counts from the timer's own pace; nothing was seen yet where it says NaN.
      loopDelayMs: Math.max(0, (this.#delays.max || 0) / 1e6 - RESOLUTION_MS),
      commitWaitMs: oldestWaitMs,
      inflowBytes: inflowBytes(),
      saturatedMs: this.#saturation.since === null ? 0 : now - this.#saturation.since,
    };
    this.#delays.reset();
    this.#lookedAt = now;
    this.#storeMs = busyMs;
    this.#load = nextLoad(before, signals, now);
    if (this.#load.level !== before.level) this.#changed(before.level);
    this.#schedule();
  }

  #changed(from: Load['level']): void {
    const { clock, db, onChange, report } = this.#options;
    this.#since = clock.now();
    onChange();
    const { level, reasons, leftOut } = this.facts;
    const data = { from, to: level, reasons, left_out: leftOut };
    db.write((w) => w.event({ type: 'coordinator.load', data })).catch((error: unknown) =>
      report(error, 'telling of the load'),
    );
  }
}
