/** The way home of a promoted coordinator: what it did is brought to the central one in the background, whenever that can be reached. */
import type { Clock } from '../../shared/base/clock.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Homecoming } from '../../shared/protocol/offline/promotion.ts';
import { recordAudit, type Actor } from '../audit/record.ts';
import { NO_NEW_RUNS } from '../runs/create-run.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { readPromotion, writePromotion } from './promotion.ts';

/** What was brought, as both sides counted it. */
export interface Brought {
  /** Both sides have the same, and all of it is in place. */
  equal: boolean;
  /** By kind. */
  counts: Record<string, number>;
  /** Over all that there is of this origin; the same on both sides where they are equal. */
  hash: string;
  conflicts: number;
  /** In words what is still missing; '' where nothing is. */
  missing: string;
}

/** What may be relied on when the copy is deleted. */
export type BroughtHome = Pick<Brought, 'counts' | 'hash' | 'conflicts'> & { verified_at: string };

export interface HomecomingOptions {
  db: Database;
  clock: Clock;
  /**
   * Sends what central does not have yet, then compares. Rejects with Unreachable where central is away, with another error where it
   * refuses. Calling it again goes on where it was.
   */
  bring: (progress: (sent: number, total: number) => void, signal: AbortSignal) => Promise<Brought>;
  /** Runs that central does not have whole yet. */
  runsToBring: (r: ReadHandle) => Promise<number>;
  /** Cancels what has not ended. */
  cancelRuns: (by: Actor) => Promise<void>;
  /** Ends the links of all workers: they go home. */
  sendHome: (reason: string) => void;
  report: (error: unknown, during: string) => void;
}

/** The central coordinator does not answer. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const EVERY_MS = 10_000;

export class HomeComing {
  readonly #options: HomecomingOptions;
  #state: Homecoming['state'] = 'away';
  #detail: string | null = null;
  #sent = 0;
  #total = 0;
  #verifiedAt: number | null = null;
  #brought: Brought | null = null;
  #cancel = (): void => {};
  readonly #abort = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #atHome!: (home: BroughtHome) => void;
  /** Resolves once the promotion has ended, all is at home, both sides have the same, and the workers are sent there. */
  readonly broughtHome = new Promise<BroughtHome>((resolve) => (this.#atHome = resolve));

  constructor(options: HomecomingOptions) {
    this.#options = options;
    this.#soon(0);
  }

  async state(): Promise<Homecoming> {
    const runs = await this.#options.db.read((r) => this.#options.runsToBring(r));
    return {
      state: this.#state,
      detail: this.#detail,
      runs_to_bring: runs,
      sent: this.#sent,
      total: this.#total,
      verified_at: isoTimeOrNull(this.#verifiedAt),
      counts: this.#brought?.counts ?? null,
      hash: this.#brought?.hash ?? null,
      conflicts: this.#brought?.conflicts ?? null,
    };
  }

  /** No more runs from now on. `now`: what has not ended is cancelled; otherwise it is waited for. Once more with `now` is heard, too. */
  async demote(now: boolean, by: Actor): Promise<void> {
    const { db, clock, cancelRuns } = this.#options;
    await db.write(async (w) => {
      const promotion = await readPromotion(w);
      if (promotion === null || promotion.draining_since !== null) return;
      const at = clock.now();
      await writePromotion(w, { ...promotion, draining_since: at });
      const words = 'This promoted coordinator is ending: start the run at the central one.';
      await w.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING', [NO_NEW_RUNS, words]);
      await recordAudit(w, { ...by, action: 'promotion.ended', target: promotion.machine.name, data: { now } }, at);
    });
    if (now) await cancelRuns(by);
    this.#soon(0);
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#abort.abort(new Error('the coordinator stops'));
    await this.#working;
  }

  #soon(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#working = this.#working.then(() => this.#once());
    });
  }

  async #once(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    try {
      const home = await this.#bring();
      if (home) return this.#atHome(home);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#state = error instanceof Unreachable ? 'central_unreachable' : 'refused';
      this.#detail = (error as Error).message.slice(0, 1000);
      if (this.#state === 'refused') this.#options.report(error, 'bringing runs home');
    }
    this.#soon(EVERY_MS);
  }

  /** null: it goes on. */
  async #bring(): Promise<BroughtHome | null> {
    const { db, clock, bring, sendHome } = this.#options;
    const { draining, open } = await db.read(readStanding);
    const isOver = draining && open === 0;
    if (isOver) sendHome('what it did is brought to the central coordinator');
    const brought = await bring((sent, total) => {
      this.#state = 'uploading';
      this.#detail = null;
      this.#sent = sent;
      this.#total = total;
    }, this.#abort.signal);
    this.#brought = brought;
    this.#state = brought.equal ? 'verified' : 'uploading';
    this.#detail = brought.missing || (draining && open > 0 ? `${open} runs have not ended` : null);
    if (!brought.equal) return null;
    this.#verifiedAt = clock.now();
    const { counts, hash, conflicts } = brought;
    // Only what was compared after the last word counts.
    return isOver ? { verified_at: isoTime(this.#verifiedAt), counts, hash, conflicts } : null;
  }
}

async function readStanding(r: ReadHandle): Promise<{ draining: boolean; open: number }> {
  const promotion = await readPromotion(r);
  const row = await r.get<{ n: number }>(
    "SELECT count(*) AS n FROM runs WHERE state IN ('pending', 'scheduling', 'running') OR report_state = 'merging'",
  );
  return { draining: promotion?.draining_since != null, open: row?.n ?? 0 };
}
