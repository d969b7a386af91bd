/**
 * Brings pending tasks and free slots together. It wakes on events (something became pending, a slot became free, a worker came), does one
 * round at a time, and hands out nothing that is not committed.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import { activateRuns, nextScheduledRun } from '../runs/activate-runs.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { updateDeadlines } from './deadlines.ts';
import { Explaining } from './explaining.ts';
import type { Fleet } from './fleet.ts';
import { Granting, type Books, type LookedAt } from './granting.ts';
import type { KeepingFree } from './keeping-free.ts';
import { RoomOnWorkers } from './room-on-workers.ts';
import { Stealing } from './stealing.ts';
import type { Strategies } from './strategies.ts';

export interface DispatcherOptions {
  db: Database;
  fleet: Fleet;
  clock: Clock;
  /** Read at each round: settings and policies change at run time. */
  settings: () => {
    enabled: boolean;
    strategy: string;
    maxActiveRuns: number;
    leaseMs: number;
    /** Stragglers may be raced. */ races: boolean;
  };
  policies: () => PoliciesInForce;
  secrets: ProjectSecrets;
  strategies: Strategies;
  keepingFree: KeepingFree;
  report: (error: unknown, during: string) => void;
}

/** How often runs with a deadline are looked at, at most: it reads what is left of them. */
const DEADLINES_EVERY_MS = 2_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stealing: Stealing;
  readonly #room: RoomOnWorkers;
  readonly #granting: Granting;
  readonly #explaining: Explaining;
  #running = false;
  #again = false;
  /** Runs may have to begin, or be explained anew; not only slots became free. */
  #runsChanged = true;
  #stopped = false;
  #cancelTimer: () => void = () => {};
  /** When the timer is due, by the monotonic clock. */
  #timerAt = Infinity;
  /** When deadlines are looked at again, by the monotonic clock. */
  #deadlinesAt = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#stealing = new Stealing(options.fleet, options.clock);
    this.#room = new RoomOnWorkers(options);
    this.#granting = new Granting({ ...options, onPatience: (ms) => this.#wakeAfter(ms) }, this.#room);
    this.#explaining = new Explaining(options);
  }

  /** A worker has answered a request to give tests back. */
  revoked(fence: number, given: boolean): void {
    this.#stealing.answered(fence, given);
  }

  /** Asks for a round; many wakes in one turn are one round. `slotsOnly`: nothing changed but slots that became free. */
  wake(slotsOnly = false): void {
    this.#again = true;
    this.#runsChanged ||= !slotsOnly;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#rounds();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#round();
      }
    } catch (error) {
      // The storage may be full: leases and the next wake bring the round back; a timer does too, if nothing else happens.
      this.#options.report(error, 'dispatching');
      this.#wakeAfter(1000);
    } finally {
      this.#running = false;
    }
  }

  async #round(): Promise<void> {
    const { db, fleet, settings, clock } = this.#options;
    const { enabled, maxActiveRuns } = settings();
    if (!enabled) return;
    const now = clock.now();
    const runsChanged = this.#runsChanged;
    const free = fleet.free();
    if (!runsChanged && free.size === 0) return;
    this.#runsChanged = false;
    try {
      await db.write(async (w) => {
        let began: string[] = [];
        if (runsChanged) {
          began = await activateRuns(w, { maxActive: maxActiveRuns, slots: fleet.totalSlots() }, now);
          const next = await nextScheduledRun(w, now);
          if (next !== null) this.#wakeAfter(next - now);
        }
        await this.#watchDeadlines(w, began.length > 0, now);
        const round = { free, taken: new Set<string>(), partial: false, now };
        const { looked, books } = await this.#granting.grantAll(w, round);
        const open: LookedAt[] = [];
        // What is taken over from a run that a cap holds back could not begin.
        for (const one of looked) if (!(await this.#explaining.explain(w, one, books))) open.push(one);
        await this.#stealForAll(w, open, books);
      });
    } catch (error) {
      this.#runsChanged ||= runsChanged;
      throw error;
    }
  }

  /** `began`: a run did, which may have one. */
  async #watchDeadlines(w: WriteHandle, began: boolean, now: number): Promise<void> {
    const { clock, fleet } = this.#options;
    const inMs = this.#deadlinesAt - clock.monotonic();
    if (inMs > 0 && !began) {
      this.#wakeAfter(inMs);
      return;
    }
    this.#deadlinesAt = clock.monotonic() + DEADLINES_EVERY_MS;
    if (await updateDeadlines(w, fleet.totalSlots(), now)) this.#wakeAfter(DEADLINES_EVERY_MS);
  }

  /**
   * Hands the slots that a command makes free (by ending the grants of `fences`) to waiting tasks within that command: one commit
   * instead of two between the end of a task and the next. What it leaves out is left to the round that the commit wakes.
   */
  async grantFreed(w: WriteHandle, fences: readonly number[], now: number): Promise<void> {
    if (this.#stopped || !this.#options.settings().enabled) return;
    const free = this.#options.fleet.freeWithout(fences);
    if (free.size > 0) await this.#granting.grantAll(w, { free, taken: new Set(), partial: true, now });
  }

  async #stealForAll(w: WriteHandle, looked: readonly LookedAt[], books: Books): Promise<void> {
    const running = looked.filter(({ run }) => run.state === 'running');
    if (running.length === 0 || ![...books.free.values()].some((slots) => slots > 0)) return;
    const { restMs } = this.#stealing;
    if (restMs > 0) return this.#wakeAfter(restMs);
    for (const one of running) await this.#steal(w, one, books);
    this.#stealing.endLook();
  }

  /** Slots for which nothing waits take over work that others have not begun, or race what others have begun. */
  async #steal(w: WriteHandle, one: LookedAt, books: Books): Promise<void> {
    const { run } = one;
    const loads = [...this.#room.usable(one, books)].map(([id, slots]) => ({ id, slots }));
    const usable = run.exclusive
      ? this.#room.onePerMachine(run.id, loads, new Set()).map(({ id }) => ({ id, slots: 1 }))
      : loads;
    if (usable.length === 0 || (await this.#hasPending(w, run.id))) return;
    const idle = usable.flatMap(({ id, slots }) => {
      const worker = this.#options.fleet.find(id);
      return worker ? [{ worker, slots }] : [];
    });
    const mayRace = this.#options.settings().races;
    const { againMs, races } = await this.#stealing.ask(w, { id: run.id, projectId: run.projectId, mayRace }, idle);
    if (againMs !== null) this.#wakeAfter(againMs);
    for (const { raced, worker } of races) await this.#granting.race(w, one, raced, worker, books);
  }

  /** Tasks of which nobody here is able, or which wait for a machine to be free of the run. Escalated ones may wait for one worker alone. */
  async #hasPending(w: WriteHandle, runId: string): Promise<boolean> {
    return (
      (await w.get(
        `SELECT 1 AS found FROM tasks WHERE run_id = ? AND state = 'pending' AND waits = 0 AND escalated = 0 LIMIT 1`,
        [runId],
      )) !== undefined
    );
  }

  #wakeAfter(ms: number): void {
    const { clock } = this.#options;
    const inMs = Math.min(Math.max(ms, 1), 60_000);
    // The earliest wish counts; the round that it leads to repeats the others.
    if (clock.monotonic() + inMs >= this.#timerAt) return;
    this.#cancelTimer();
    this.#timerAt = clock.monotonic() + inMs;
    this.#cancelTimer = clock.after(inMs, () => {
      this.#timerAt = Infinity;
      this.wake();
    });
  }
}
