/** The machine's slots and the attempts in them. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Held, Report } from '../../../shared/protocol/link.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import type { Log } from '../log.ts';
import type { Attempt, AttemptOptions } from './attempt.ts';

export interface PoolOptions {
  /** How many the machine lends at this moment; what runs already may be more. */
  slots: () => number;
  clock: Clock;
  log: Log;
  create: (grant: Grant, events: AttemptEvents) => Attempt;
  report: (report: Report) => Promise<unknown>;
  /** Why nothing new may begin; null where it may. */
  whyNot: (grant?: Grant) => string | null;
  /** The number of free slots has changed, or the pool has become empty. */
  onChange: () => void;
  /** Other tests run than before. */
  onRunning: () => void;
}

export type AttemptEvents = Pick<AttemptOptions, 'onSlotsFree' | 'onClosed' | 'onRunning'>;

interface Running {
  attempt: Attempt;
  /** Monotonic time of the newest message that surely renewed the lease. */
  renewedAt: number;
  takesSlots: boolean;
}

/** Grants that were seen lately: one that is delivered twice is carried out once. */
const REMEMBERED = 10_000;

export class Pool {
  readonly #options: PoolOptions;
  readonly #running = new Map<number, Running>();
  readonly #seen = new Set<number>();
  #emptied: (() => void)[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Slots that a new grant could have. */
  get free(): number {
    return this.#options.whyNot() === null ? Math.max(0, this.#options.slots() - this.used) : 0;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Slots in which something runs. */
  get used(): number {
    let used = 0;
    for (const { attempt, takesSlots } of this.#running.values()) if (takesSlots) used += attempt.slots;
    return used;
  }

  /** Tests that run at this moment, oldest first. */
  get tests(): Attempt['running'] {
    return [...this.#running.values()].flatMap(({ attempt }) => attempt.running).toSorted((a, b) => a.since - b.since);
  }

  held(): Held[] {
    return [...this.#running.values()].map(({ attempt }) => attempt.held);
  }

  grant(grant: Grant): void {
    const { clock, create, log } = this.#options;
    const { taskId, attempt: number, fence } = grant;
    if (this.#seen.has(fence)) {
      log.debug({ taskId, fence }, 'a grant came twice');
      return;
    }
    this.#remember(fence);
    this.#stopOlder(grant);
    const why =
      this.#options.whyNot(grant) ?? (grant.slots > this.free ? `only ${this.free} of its slots are free` : null);
    if (why !== null) {
      this.#giveBack({ taskId, attempt: number, fence }, why);
      return;
    }
    const attempt = create(grant, {
      onSlotsFree: () => this.#freeSlots(fence),
      onClosed: () => this.#closed(fence),
      onRunning: () => this.#options.onRunning(),
    });
    this.#running.set(fence, { attempt, renewedAt: clock.monotonic(), takesSlots: true });
    attempt.begin();
    this.#options.onChange();
  }

  cancel(held: Held, reason: string): void {
    this.#running.get(held.fence)?.attempt.stop({ cause: 'cancelled', reason, hard: true });
  }

  /** Tests of a grant that another slot could run instead. */
  revoke(held: Held, testIds: string[]): void {
    this.#running.get(held.fence)?.attempt.revoke(testIds);
  }

  /** The coordinator has said that the grant is not ours any more. */
  stale(held: Held): void {
    const reason = 'the coordinator has taken the task back';
    this.#running.get(held.fence)?.attempt.stop({ cause: 'stale', reason, hard: true });
  }

  /** The coordinator surely heard at `at` or later that these are held. */
  renewed(held: readonly Held[], at: number): void {
    for (const { fence } of held) {
      const running = this.#running.get(fence);
      if (running) running.renewedAt = Math.max(running.renewedAt, at);
    }
  }

  /** Stops what has outlived its lease: by the coordinator's reckoning somebody else may have it (invariant I10). */
  checkLeases(): void {
    const now = this.#options.clock.monotonic();
    for (const { attempt, renewedAt } of this.#running.values()) {
      if (now - renewedAt <= attempt.leaseMs) continue;
      const reason = `the worker had no contact with the coordinator for longer than the lease of ${attempt.leaseMs / 1000} s`;
      attempt.stop({ cause: 'givenBack', reason, hard: true });
    }
  }

  /** `hard`: within about a second. */
  giveBackAll(reason: string, hard = false): void {
    for (const { attempt } of this.#running.values()) attempt.stop({ cause: 'givenBack', reason, hard });
  }

  /** In the newest attempts that take more than so many slots, tests that run are finished and all others given back. */
  finishAbove(slots: number, reason: string): void {
    let used = 0;
    for (const { attempt, takesSlots } of this.#running.values()) {
      if (!takesSlots) continue;
      used += attempt.slots;
      if (used > slots) attempt.finishWhatRuns(reason);
    }
  }

  /** The machine slept for so long while the monotonic clock stood still: leases went on. */
  slept(ms: number): void {
    for (const running of this.#running.values()) running.renewedAt -= ms;
    this.checkLeases();
  }

  /** Resolves when no attempt is left. */
  async emptied(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  /** A newer grant of the same task ends the older ones, which the coordinator has given up. */
  #stopOlder(grant: Grant): void {
    for (const { attempt } of this.#running.values()) {
      if (attempt.held.taskId === grant.taskId && attempt.held.fence < grant.fence) this.stale(attempt.held);
    }
  }

  #giveBack(held: Held, why: string): void {
    this.#options.log.info({ ...held, why }, 'a grant is given back');
    this.#options.report({ ...held, kind: 'release', reason: why.slice(0, 2000) }).catch((error: unknown) => {
      this.#options.log.error({ err: error, ...held }, 'a grant could not be given back');
    });
  }

  #freeSlots(fence: number): void {
    const running = this.#running.get(fence);
    if (running) running.takesSlots = false;
    this.#options.onChange();
  }

  #closed(fence: number): void {
    this.#running.delete(fence);
    if (this.#running.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
    this.#options.onChange();
  }

  #remember(fence: number): void {
    this.#seen.add(fence);
    if (this.#seen.size <= REMEMBERED) return;
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
