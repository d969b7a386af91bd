/** Where tasks could begin now: who is able, how many slots are free there, and what caps, requests and machines that are kept free leave of them. */
import type { PoliciesInForce } from '../policies/policies.ts';
import { hasBrowsers } from '../runs/rules/needs.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { ActiveRun, Demand } from './active-runs.ts';
import type { Connected, Fleet } from './fleet.ts';
import type { Books, LookedAt, PlacedDemand, Round } from './granting.ts';
import type { KeepingFree, Squeezed } from './keeping-free.ts';
import { whyNotMatching } from './rules/matching.ts';
import { asksNothing } from './rules/requests.ts';

export interface RoomOptions {
  fleet: Fleet;
  policies: () => PoliciesInForce;
  keepingFree: KeepingFree;
}

export class RoomOnWorkers {
  readonly #options: RoomOptions;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Connected workers with free slots that may take such tasks. */
  able(demand: PlacedDemand, { free }: Round): Connected[] {
    return this.#withFreeSlots(free).filter(({ profile }) => mayTake(demand, profile));
  }

  #withFreeSlots(free: ReadonlyMap<string, number>): Connected[] {
    return [...free].flatMap(([id, slots]) => (slots > 0 ? (this.#options.fleet.find(id) ?? []) : []));
  }

  /** Slots of a worker that such tasks of a run could have. */
  freeFor({ id, capabilities }: Connected['profile'], run: ActiveRun, demand: Demand, books: Books): number {
    if (!this.#options.keepingFree.mayUse(id, run, demand)) return 0;
    return Math.min(books.free.get(id) ?? 0, books.ledger?.fitting(id, capabilities, demand) ?? Infinity);
  }

  /** Free slots by worker that some task of the run could take, with what is left beside other tasks. */
  usable({ run, demands }: LookedAt, books: Books): Map<string, number> {
    const usable = new Map<string, number>();
    for (const demand of demands)
      for (const { profile } of this.able(demand, books)) {
        const slots = this.freeFor(profile, run, demand, books);
        if (slots > 0) usable.set(profile.id, Math.max(usable.get(profile.id) ?? 0, slots));
      }
    return usable;
  }

  usableSlots(one: LookedAt, books: Books): number {
    const slots = [...this.usable(one, books).values()].reduce((sum, each) => sum + each, 0);
    return Math.min(slots, this.underCaps(one.run, books));
  }

  /** How many more tasks of a run caps allow. */
  underCaps(run: ActiveRun, { ledger, all }: Books): number {
    return ledger?.roomFor(run, this.#options.policies().caps, all).room ?? Infinity;
  }

  /** For runs whose webServer has fixed ports: machines (not agents: two may share one) on which nothing of the run is held. */
  onePerMachine<T extends { id: string }>(runId: string, loads: readonly T[], taken: ReadonlySet<string>): T[] {
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

  /**
   * Keeps workers free for requests that find no room there now, nor when one of the tasks there ends: all that becomes free would go to smaller ones. Returns after how many milliseconds to look again; null = nothing is on its
   * way to be kept.
   */
  async keepFree(w: WriteHandle, looked: readonly LookedAt[], books: Books): Promise<number | null> {
    const { keepingFree, fleet } = this.#options;
    const { ledger } = books;
    const squeezed: Squeezed[] = [];
    for (const { run, demands } of ledger ? looked : []) {
      if (this.underCaps(run, books) < 1) continue;
      for (const demand of demands.filter((each) => !asksNothing(each))) {
        const able = [...fleet.connected].map(({ profile }) => profile).filter((profile) => mayTake(demand, profile));
        const soon = able.some(({ id, capabilities }) => ledger?.fitsSoon(id, capabilities, demand));
        // What has begun to wait for one machine goes on until it begins there: it is nearly empty by then.
        if ((soon && !keepingFree.isKept(run.id, demand)) || !(await hasWaiting(w, run.id, demand))) continue;
        const workers = able.flatMap(({ id, capabilities }) =>
          ledger ? { id, capacity: capabilities, setAside: ledger.setAside(id) } : [],
        );
        squeezed.push({ run, demand, workers });
      }
    }
    return keepingFree.review(squeezed, books.now);
  }
}

const mayTake = ({ requirements, needs }: PlacedDemand, profile: Connected['profile']): boolean =>
  whyNotMatching(requirements, profile) === null && hasBrowsers(needs, profile.capabilities.browsers);

/** Whether ordinary tasks wait that ask for this. */
async function hasWaiting(w: WriteHandle, runId: string, { needs, cpus, memoryBytes }: Demand): Promise<boolean> {
  const found = await w.get(
    `SELECT 1 AS found FROM tasks WHERE run_id = ? AND state = 'pending' AND waits = 0 AND escalated = 0
       AND needs = ? AND cpus = ? AND memory_bytes = ? LIMIT 1`,
    [runId, needs, cpus, memoryBytes],
  );
  return found !== undefined;
}
