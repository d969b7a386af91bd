/**
 * Says in the run itself why nothing of it begins: nobody could serve it, a cap is reached, or no machine has
 * room for what it asks for; and takes it back when that is over.
 */
import type { PoliciesInForce } from '../policies/policies.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { ActiveRun } from './active-runs.ts';
import type { Fleet } from './fleet.ts';
import type { Books, LookedAt } from './granting.ts';
import type { KeepingFree } from './keeping-free.ts';
import { nameOf } from './rules/caps.ts';
import { whyUnservable } from './rules/matching.ts';
import { askInWords } from './rules/requests.ts';

export interface ExplainingOptions {
  fleet: Fleet;
  policies: () => PoliciesInForce;
  keepingFree: KeepingFree;
}

export class Explaining {
  readonly #options: ExplainingOptions;
  /** Run → what its last explanation rested on. */
  readonly #explained = new Map<string, string>();

  constructor(options: ExplainingOptions) {
    this.#options = options;
  }

  /** Returns whether a cap keeps more of the run from beginning. */
  async explain(w: WriteHandle, one: LookedAt, books: Books): Promise<boolean> {
    await this.#explainWorkers(w, one);
    return this.#explainRoom(w, one.run, books);
  }

  async #explainWorkers(w: WriteHandle, { run, demands }: LookedAt): Promise<void> {
    const { fleet, policies } = this.#options;
    // Only who is connected, the rules, and the plan, can change the answer.
    const facts = `${run.state} ${fleet.version} ${JSON.stringify(policies().rules)}`;
    if (this.#explained.get(run.id) === facts) return;
    if (this.#explained.size > 1000) this.#explained.clear();
    this.#explained.set(run.id, facts);
    const profiles = [...fleet.connected].map((c) => c.profile);
    const reason = whyUnservable(demands, profiles);
    if (reason === run.reason) return;
    await w.run('UPDATE runs SET reason = ? WHERE id = ?', [reason, run.id]);
    await w.event({ type: 'run.reason', runId: run.id, data: { reason } });
  }

  async #explainRoom(w: WriteHandle, run: ActiveRun, { all, ledger }: Books): Promise<boolean> {
    const found = ledger?.roomFor(run, this.#options.policies().caps, all);
    const cap = found?.room === 0 && (await hasPending(w, run.id)) ? found.cap : null;
    const waiting = cap ? `It waits for a cap to have room: ${nameOf(cap)}` : this.#whatIsKept(run.id);
    if (waiting !== run.waiting) {
      await w.run('UPDATE runs SET waiting = ? WHERE id = ?', [waiting, run.id]);
      await w.event({ type: 'run.waiting', runId: run.id, data: { reason: waiting } });
    }
    return found?.room === 0;
  }

  #whatIsKept(runId: string): string | null {
    const { keepingFree, fleet } = this.#options;
    const kept = keepingFree.keptFor(runId);
    const name = kept && fleet.find(kept.workerId)?.profile.name;
    if (!kept || !name) return null;
    return `It waits until ${name} has ${askInWords(kept.demand)} left; nothing else begins there until then`;
  }
}

async function hasPending(w: WriteHandle, runId: string): Promise<boolean> {
  return (
    (await w.get(`SELECT 1 AS found FROM tasks WHERE run_id = ? AND state = 'pending' AND waits = 0 LIMIT 1`, [
      runId,
    ])) !== undefined
  );
}
