/**
 * Brings pending tasks and free slots together. It wakes on events (something became pending, a slot became free, a worker came), does one
 * round at a time, and hands out nothing that is not committed.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Requirements } from '../../shared/protocol/work.ts';
import { activateRuns, nextScheduledRun } from '../runs/activate-runs.ts';
import { hasBrowsers } from '../runs/rules/needs.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { restrained } from './breakers.ts';
import { claimTasks, type Claim } from './claim-tasks.ts';
import { allowedFor, placeEscalated, recordStep, type PlacedTask } from './escalated-tasks.ts';
import type { Connected, Fleet } from './fleet.ts';
import { slotsAllowed } from './rules/breaker.ts';
import { PATIENCE_MS } from './rules/escalation.ts';
import { whyNotMatching, whyUnservable } from './rules/matching.ts';
import { addRacer } from './racing.ts';
import { distribute, type StrategyName } from './rules/strategies.ts';
import { Stealing } from './stealing.ts';
import { toGrant } from './to-grant.ts';

export interface DispatcherOptions {
  db: Database;
  fleet: Fleet;
  clock: Clock;
  /** Read at each round: settings change at run time. */
  settings: () => {
    enabled: boolean;
    strategy: StrategyName;
    maxActiveRuns: number;
    leaseMs: number;
    /** Stragglers may be raced. */
    races: boolean;
  };
  report: (error: unknown, during: string) => void;
}

interface ActiveRun {
  id: string;
  project_id: string;
  name: string;
  state: string;
  source: string | null;
  config: string;
  requirements: string;
  exclusive: number;
  reason: string | null;
}

interface Round {
  /** Slots per worker that may be used, counted down. */
  free: Map<string, number>;
  /** Workers that were given something. */
  taken: Set<string>;
  /** Within another command: the fleet does not show yet what that one and its neighbours do. */
  partial: boolean;
}

interface LookedAt {
  run: ActiveRun;
  requirements: Requirements;
  needs: string[];
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stealing: Stealing;
  #running = false;
  #again = false;
  /** Runs may have to begin, or be explained anew; not only slots became free. */
  #runsChanged = true;
  #stopped = false;
  #cancelTimer: () => void = () => {};
  /** When the timer is due, by the monotonic clock. */
  #timerAt = Infinity;
  /** Browser sets per run and state: they do not change once a run is planned. */
  readonly #needs = new Map<string, string[]>();
  /** Run → what its last explanation rested on. */
  readonly #explained = new Map<string, string>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#stealing = new Stealing(options.fleet, options.clock);
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
        if (runsChanged) {
          await activateRuns(w, { maxActive: maxActiveRuns, slots: fleet.totalSlots() }, now);
          const next = await nextScheduledRun(w, now);
          if (next !== null) this.#wakeAfter(next - now);
        }
        const round = { free, taken: new Set<string>(), partial: false };
        const looked = await this.#grantAll(w, round, now);
        for (const { run, requirements, needs } of looked) await this.#explain(w, run, requirements, needs);
        await this.#stealForAll(w, looked, round, now);
      });
    } catch (error) {
      this.#runsChanged ||= runsChanged;
      throw error;
    }
  }

  /**
   * Hands the slots that a command makes free (by ending the grants of `fences`) to waiting tasks within that command: one commit
   * instead of two between the end of a task and the next. What it leaves out is left to the round that the commit wakes.
   */
  async grantFreed(w: WriteHandle, fences: readonly number[], now: number): Promise<void> {
    if (this.#stopped || !this.#options.settings().enabled) return;
    const free = this.#options.fleet.freeWithout(fences);
    if (free.size > 0) await this.#grantAll(w, { free, taken: new Set(), partial: true }, now);
  }

  /** The grants are sent once they are stored. Returns the runs that were looked at. */
  async #grantAll(w: WriteHandle, round: Round, now: number): Promise<LookedAt[]> {
    const { fleet } = this.#options;
    await this.#restrain(w, round.free);
    const all = await w.all<ActiveRun>(
      `SELECT id, project_id, name, state, source, config, requirements, exclusive, reason FROM runs
       WHERE state IN ('scheduling', 'running') AND tasks_finished < tasks_total ORDER BY priority DESC, number`,
    );
    // Whether a machine is free of a run can be seen only when nothing else is on its way to the database.
    const runs = round.partial ? all.filter((run) => run.exclusive === 0) : all;
    const looked: LookedAt[] = [];
    for (const run of runs) {
      const requirements = JSON.parse(run.requirements) as Requirements;
      const matching = this.#withFreeSlots(round.free).filter((c) => whyNotMatching(requirements, c.profile) === null);
      const needs = await this.#needsOf(w, run);
      looked.push({ run, requirements, needs });
      // The most demanding first, so that machines that have everything are not used up by work that any machine can do.
      for (const set of needs) {
        const able = matching.filter((c) => hasBrowsers(set, c.profile.capabilities.browsers));
        const escalated = await placeEscalated(w, fleet, { runId: run.id, requirements, needs: set }, now);
        // A better worker that is busy now is waited for, but not for ever.
        if (escalated.length > 0) this.#wakeAfter(PATIENCE_MS);
        const grant = (claims: readonly Claim[]) => this.#grant(w, run, claims, round);
        for (const placed of escalated.filter(({ last }) => !last))
          grant(await this.#claimEscalated(w, run, set, able, placed, round, now));
        grant(await this.#claim(w, run, { needs: set }, able, round, now));
        for (const placed of escalated.filter(({ last }) => last))
          grant(await this.#claimEscalated(w, run, set, able, placed, round, now));
      }
    }
    return looked;
  }

  #grant(w: WriteHandle, run: ActiveRun, claims: readonly Claim[], round: Round): void {
    const { fleet, settings } = this.#options;
    for (const claim of claims) {
      round.free.set(claim.workerId, (round.free.get(claim.workerId) ?? 0) - claim.slots);
      round.taken.add(claim.workerId);
      const grant = toGrant(run, claim, settings().leaseMs);
      w.afterCommit(() => fleet.find(claim.workerId)?.send({ type: 'grant', grant }));
    }
  }

  /** Takes from the free slots what circuit breakers hold back. What is stored counts: what the fleet knows of them may be a moment old. */
  async #restrain(w: WriteHandle, free: Map<string, number>): Promise<void> {
    for (const [workerId, { state, held }] of await restrained(w)) {
      const slots = free.get(workerId);
      if (slots !== undefined) free.set(workerId, slotsAllowed(state, slots, held));
    }
  }

  async #claimEscalated(
    w: WriteHandle,
    run: ActiveRun,
    needs: string,
    able: readonly Connected[],
    placed: PlacedTask,
    round: Round,
    now: number,
  ): Promise<Claim[]> {
    const chosen = await allowedFor(w, placed, able);
    const claims = await this.#claim(w, run, { needs, taskId: placed.task.id }, chosen, round, now);
    for (const claim of claims) await recordStep(w, claim, placed.choice);
    return claims;
  }

  async #stealForAll(w: WriteHandle, looked: readonly LookedAt[], round: Round, now: number): Promise<void> {
    const running = looked.filter(({ run }) => run.state === 'running');
    if (running.length === 0 || this.#withFreeSlots(round.free).length === 0) return;
    const { restMs } = this.#stealing;
    if (restMs > 0) return this.#wakeAfter(restMs);
    for (const { run, requirements } of running) await this.#steal(w, run, requirements, round, now);
    this.#stealing.endLook();
  }

  /** Slots for which nothing waits take over work that others have not begun, or race what others have begun. */
  async #steal(w: WriteHandle, run: ActiveRun, requirements: Requirements, round: Round, now: number): Promise<void> {
    const { free } = round;
    const able = this.#withFreeSlots(free).filter((c) => whyNotMatching(requirements, c.profile) === null);
    const loads = able.map((c) => ({ id: c.profile.id, slots: free.get(c.profile.id) ?? 0 }));
    const usable =
      run.exclusive === 1 ? this.#onePerMachine(run.id, loads, new Set()).map(({ id }) => ({ id, slots: 1 })) : loads;
    if (usable.length === 0 || (await this.#hasPending(w, run.id))) return;
    const idle = usable.flatMap(({ id, slots }) => {
      const worker = this.#options.fleet.find(id);
      return worker ? [{ worker, slots }] : [];
    });
    const mayRace = this.#options.settings().races;
    const { againMs, races } = await this.#stealing.ask(w, { id: run.id, projectId: run.project_id, mayRace }, idle);
    if (againMs !== null) this.#wakeAfter(againMs);
    for (const { raced, worker } of races) {
      const taskId = await addRacer(w, raced, worker.profile.name, now);
      this.#grant(w, run, await this.#claim(w, run, { needs: raced.needs, taskId }, [worker], round, now), round);
    }
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

  #withFreeSlots(free: ReadonlyMap<string, number>): Connected[] {
    return [...free].flatMap(([id, slots]) => (slots > 0 ? (this.#options.fleet.find(id) ?? []) : []));
  }

  async #claim(
    w: WriteHandle,
    run: ActiveRun,
    what: { needs: string; taskId?: string },
    able: readonly Connected[],
    { free, taken }: Round,
    now: number,
  ): Promise<Claim[]> {
    const { fleet, settings } = this.#options;
    const { strategy, leaseMs } = settings();
    const loads = able
      .map((worker) => ({ ...fleet.load(worker), freeSlots: free.get(worker.profile.id) ?? 0 }))
      .filter((load) => load.freeSlots > 0);
    const usable = run.exclusive === 1 ? this.#onePerMachine(run.id, loads, taken) : loads;
    if (usable.length === 0) return [];
    const one = (load: (typeof usable)[number]) => (run.exclusive === 1 ? { ...load, freeSlots: 1 } : load);
    return claimTasks(
      w,
      {
        runId: run.id,
        ...what,
        needs: [what.needs],
        limit: run.exclusive === 1 ? usable.length : usable.reduce((sum, load) => sum + load.freeSlots, 0),
        takers: (count) =>
          distribute(usable.map(one), count, strategy, fleet.nextGrant).map((workerId) => ({
            workerId,
            workerName: fleet.find(workerId)?.profile.name ?? workerId,
            slots: run.exclusive === 1 ? (free.get(workerId) ?? 1) : 1,
          })),
        leaseMs,
      },
      now,
    );
  }

  /** For runs whose webServer has fixed ports: machines (not agents: two may share one) on which nothing of the run is held. */
  #onePerMachine<T extends { id: string }>(runId: string, loads: readonly T[], taken: ReadonlySet<string>): T[] {
    const { fleet } = this.#options;
    const machineOf = (workerId: string) => fleet.find(workerId)?.profile.fingerprint ?? workerId;
    // What was taken in this round may be this run's; if it is another's, the next round finds that out.
    const used = new Set([...fleet.heldOfRun(runId).map((grant) => grant.workerId), ...taken].map(machineOf));
    return loads.filter((load) => {
      const machine = machineOf(load.id);
      if (used.has(machine)) return false;
      used.add(machine);
      return true;
    });
  }

  async #needsOf(w: WriteHandle, run: ActiveRun): Promise<string[]> {
    const key = `${run.id} ${run.state}`;
    const known = this.#needs.get(key);
    if (known) return known;
    const rows = await w.all<{ needs: string }>('SELECT DISTINCT needs FROM tasks WHERE run_id = ?', [run.id]);
    const needs = rows
      .map((row) => row.needs)
      .sort((a, b) => b.split(',').length - a.split(',').length || (a < b ? -1 : 1));
    if (this.#needs.size > 1000) this.#needs.clear();
    this.#needs.set(key, needs);
    return needs;
  }

  /** Says at once, in the run itself, when nobody could serve it, and takes it back when somebody can. */
  async #explain(w: WriteHandle, run: ActiveRun, requirements: Requirements, needs: string[]): Promise<void> {
    const { fleet } = this.#options;
    // Only who is connected, and the plan, can change the answer.
    const facts = `${run.state} ${fleet.version}`;
    if (this.#explained.get(run.id) === facts) return;
    if (this.#explained.size > 1000) this.#explained.clear();
    this.#explained.set(run.id, facts);
    const reason = whyUnservable(
      requirements,
      needs,
      [...fleet.connected].map((c) => c.profile),
    );
    if (reason === run.reason) return;
    await w.run('UPDATE runs SET reason = ? WHERE id = ?', [reason, run.id]);
    await w.event({ type: 'run.reason', runId: run.id, data: { reason } });
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
