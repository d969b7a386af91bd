/** Hands free slots to pending tasks: runs by priority, runs of equal priority by fair share, workers by the strategy. */
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import type { WriteHandle } from '../storage/database.ts';
import { demandsOf, levelsOf, placementOf, readActiveRuns, type ActiveRun, type Demand } from './active-runs.ts';
import { restrained } from './breakers.ts';
import { claimTasks, type Claim } from './claim-tasks.ts';
import { allowedFor, placeEscalated, recordStep, type PlacedTask } from './escalated-tasks.ts';
import type { Connected, Fleet, HeldGrant } from './fleet.ts';
import type { KeepingFree } from './keeping-free.ts';
import { Ledger } from './ledger.ts';
import type { RoomOnWorkers } from './room-on-workers.ts';
import { addRacer } from './racing.ts';
import { preferenceFor, type RuleEffects } from './rules/admin-rules.ts';
import { slotsAllowed } from './rules/breaker.ts';
import { PATIENCE_MS } from './rules/escalation.ts';
import { shareOut } from './rules/fair-share.ts';
import type { Wanted } from './rules/matching.ts';
import { asksNothing } from './rules/requests.ts';
import { distribute } from './rules/strategies/distribute.ts';
import type { Strategies } from './strategies.ts';
import { toGrant } from './to-grant.ts';

export interface GrantingOptions {
  fleet: Fleet;
  strategies: Strategies;
  policies: () => PoliciesInForce;
  secrets: ProjectSecrets;
  keepingFree: KeepingFree;
  settings: () => { strategy: string; leaseMs: number };
  /** Something waits for a better worker, or for a machine to have room: it must be looked at again even if nothing else happens. */
  onPatience: (ms: number) => void;
}

/** One look at what is free and what waits. */
export interface Round {
  /** Slots per worker that may be used, counted down. */
  free: Map<string, number>;
  /** Workers that were given something. */
  taken: Set<string>;
  /** Within another command: the fleet does not show yet what that one and its neighbours do. */
  partial: boolean;
  now: number;
}

/** A run with what its tasks ask for. */
export interface LookedAt {
  run: ActiveRun;
  demands: (Demand & { requirements: Wanted; effects: RuleEffects })[];
}
export type PlacedDemand = LookedAt['demands'][number];

/** What one round knows: everything that must be exact comes from the database, within the command. */
export interface Books extends Round {
  all: readonly ActiveRun[];
  /** null where nothing depends on it. */
  ledger: Ledger | null;
}

export class Granting {
  readonly #options: GrantingOptions;
  readonly #room: RoomOnWorkers;
  /** Demands per run and state: they do not change once a run is planned. */
  readonly #demands = new Map<string, Demand[]>();

  constructor(options: GrantingOptions, room: RoomOnWorkers) {
    this.#options = options;
    this.#room = room;
  }

  /** The grants are sent once they are stored. Returns the runs that were looked at, and what is known after it. */
  async grantAll(w: WriteHandle, round: Round): Promise<{ looked: LookedAt[]; books: Books }> {
    const policies = this.#options.policies();
    await this.#restrain(w, round.free);
    const all = await readActiveRuns(w, policies, this.#options.secrets);
    // Whether a machine is free of a run can be seen only when nothing else is on its way to the database.
    const runs = round.partial ? all.filter((run) => !run.exclusive) : all;
    const looked: LookedAt[] = [];
    for (const run of runs) looked.push({ run, demands: await this.#demandsOf(w, run) });
    const levels = levelsOf(runs);
    const counted =
      policies.caps.length > 0 ||
      levels.some((level) => level.length > 1) ||
      looked.some(({ demands }) => demands.some((demand) => !asksNothing(demand)));
    const books: Books = { ...round, all, ledger: counted ? await Ledger.read(w) : null };
    const byId = new Map(looked.map((one) => [one.run.id, one]));
    for (const level of levels)
      await this.#grantLevel(
        w,
        level.flatMap((run) => byId.get(run.id) ?? []),
        books,
      );
    if (!round.partial) {
      const againMs = await this.#room.keepFree(w, looked, books);
      if (againMs !== null) this.#options.onPatience(againMs);
    }
    return { looked, books };
  }

  /** Runs of equal priority. One alone takes all that it can; several share, and what one cannot use goes to the others. */
  async #grantLevel(w: WriteHandle, level: readonly LookedAt[], books: Books): Promise<void> {
    const [only, ...more] = level;
    if (only && more.length === 0) {
      await this.#grantRun(w, only, Infinity, books);
      return;
    }
    let open = [...level];
    while (open.length > 0) {
      const room = new Map<string, number>();
      for (const one of open) room.set(one.run.id, this.#room.usableSlots(one, books));
      const contenders = [];
      for (const { run } of level) {
        const demand = await pendingUpTo(w, run.id, room.get(run.id) ?? 0);
        contenders.push({ ...run, held: books.ledger?.slotsOf(run.id) ?? 0, demand });
      }
      const shares = shareOut(contenders, sum(books.free.values()), this.#options.policies().weights);
      // Whoever has the smallest choice of workers chooses first.
      const sharing = open
        .filter(({ run }) => shares.has(run.id))
        .sort((a, b) => (room.get(a.run.id) ?? 0) - (room.get(b.run.id) ?? 0));
      const unable = new Set<string>();
      for (const one of sharing) {
        const share = shares.get(one.run.id) ?? 0;
        if ((await this.#grantRun(w, one, share, books)) < share) unable.add(one.run.id);
      }
      if (unable.size === 0) return;
      open = open.filter(({ run }) => !unable.has(run.id));
    }
  }

  /** Returns how many slots it was given, `limit` at most. */
  async #grantRun(w: WriteHandle, { run, demands }: LookedAt, limit: number, books: Books): Promise<number> {
    const most = Math.min(limit, this.#room.underCaps(run, books));
    let given = 0;
    const claim = async (demand: PlacedDemand, able: readonly Connected[], placed?: PlacedTask) => {
      if (given >= most) return;
      const workers = placed ? await allowedFor(w, placed, able) : able;
      const claims = await this.#claim(
        w,
        run,
        demand,
        { workers, limit: most - given, taskId: placed?.task.id },
        books,
      );
      if (placed) for (const each of claims) await recordStep(w, each, placed.choice);
      given += this.#note(w, run, demand, claims, books);
    };
    for (const demand of demands) {
      if (given >= most) break;
      const able = this.#room.able(demand, books);
      const escalated = await placeEscalated(w, this.#options.fleet, { runId: run.id, ...demand }, books.now);
      if (escalated.length > 0) this.#options.onPatience(PATIENCE_MS);
      for (const placed of escalated.filter(({ last }) => !last)) await claim(demand, able, placed);
      await claim(demand, able);
      for (const placed of escalated.filter(({ last }) => last)) await claim(demand, able, placed);
    }
    return given;
  }

  /** Starts what a worker holds on another one as well, where caps and requests leave room for it. */
  async race(
    w: WriteHandle,
    { run, demands }: LookedAt,
    raced: HeldGrant,
    worker: Connected,
    books: Books,
  ): Promise<void> {
    const same = ({ needs, cpus, memoryBytes }: Demand) =>
      needs === raced.needs && cpus === raced.cpus && memoryBytes === raced.memoryBytes;
    const demand = demands.find(same);
    if (!demand || this.#room.underCaps(run, books) < 1 || this.#room.freeFor(worker.profile, run, demand, books) < 1)
      return;
    const taskId = await addRacer(w, raced, worker.profile.name, books.now);
    const claims = await this.#claim(w, run, demand, { workers: [worker], limit: 1, taskId }, books);
    this.#note(w, run, demand, claims, books);
  }

  /** Returns the slots of these claims. */
  #note(w: WriteHandle, run: ActiveRun, demand: Demand, claims: readonly Claim[], books: Books): number {
    const { fleet, settings, secrets, keepingFree } = this.#options;
    if (claims.length > 0) keepingFree.begun(run.id, demand);
    for (const claim of claims) {
      books.free.set(claim.workerId, (books.free.get(claim.workerId) ?? 0) - claim.slots);
      books.taken.add(claim.workerId);
      books.ledger?.granted(claim, demand);
      const grant = toGrant(run, claim, { leaseMs: settings().leaseMs, secrets });
      w.afterCommit(() => fleet.find(claim.workerId)?.send({ type: 'grant', grant }));
    }
    return sum(claims.map((claim) => claim.slots));
  }

  /** Takes from the free slots what circuit breakers hold back. What is stored counts: what the fleet knows of them may be a moment old. */
  async #restrain(w: WriteHandle, free: Map<string, number>): Promise<void> {
    for (const [workerId, { state, held }] of await restrained(w)) {
      const slots = free.get(workerId);
      if (slots !== undefined) free.set(workerId, slotsAllowed(state, slots, held));
    }
  }

  async #claim(
    w: WriteHandle,
    run: ActiveRun,
    demand: PlacedDemand,
    what: { workers: readonly Connected[]; limit: number; taskId: string | undefined },
    books: Books,
  ): Promise<Claim[]> {
    const { fleet, strategies, settings } = this.#options;
    const { effects, needs, cpus, memoryBytes } = demand;
    const loads = what.workers
      .map((worker) => ({
        ...fleet.load(worker),
        freeSlots: this.#room.freeFor(worker.profile, run, demand, books),
        preference: preferenceFor(worker.profile.tags, effects),
      }))
      .filter((load) => load.freeSlots > 0);
    const usable = run.exclusive ? this.#room.onePerMachine(run.id, loads, books.taken) : loads;
    if (usable.length === 0) return [];
    const whole = new Map(usable.map((load) => [load.id, Math.min(load.freeSlots, what.limit)]));
    const { strategy: chosen, leaseMs } = settings();
    const task = { runId: run.id, project: run.project, tags: run.tags, browsers: needs.split(','), cpus, memoryBytes };
    return claimTasks(
      w,
      {
        runId: run.id,
        ...(what.taskId === undefined ? {} : { taskId: what.taskId }),
        demand,
        limit: Math.min(what.limit, run.exclusive ? usable.length : sum(usable.map((load) => load.freeSlots))),
        takers: (count) =>
          strategies
            .use(effects.strategy ?? chosen, (strategy) =>
              distribute(run.exclusive ? usable.map((load) => ({ ...load, freeSlots: 1 })) : usable, count, {
                strategy,
                task,
                nextGrant: fleet.nextGrant,
              }),
            )
            .map((workerId) => ({
              workerId,
              workerName: fleet.find(workerId)?.profile.name ?? workerId,
              slots: run.exclusive ? (whole.get(workerId) ?? 1) : 1,
            })),
        leaseMs,
      },
      books.now,
    );
  }

  async #demandsOf(w: WriteHandle, run: ActiveRun): Promise<PlacedDemand[]> {
    const key = `${run.id} ${run.state}`;
    let demands = this.#demands.get(key);
    if (!demands) {
      demands = await demandsOf(w, run.id);
      if (this.#demands.size > 1000) this.#demands.clear();
      this.#demands.set(key, demands);
    }
    const { rules } = this.#options.policies();
    return demands.map((demand) => ({ ...demand, ...placementOf(run, demand.needs, rules) }));
  }
}

async function pendingUpTo(w: WriteHandle, runId: string, most: number): Promise<number> {
  if (most <= 0) return 0;
  const row = await w.get<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM tasks WHERE run_id = ? AND state = 'pending' AND waits = 0 LIMIT ?)`,
    [runId, most],
  );
  return row?.n ?? 0;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
