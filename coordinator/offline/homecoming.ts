/** The way home of a promoted coordinator: merge/upload.ts brings what it did; this says when it is over, and what may be relied on then. */
import type { Clock } from '../../shared/base/clock.ts';
import type { JournalSummary } from '../../shared/protocol/offline/journal.ts';
import type { Homecoming } from '../../shared/protocol/offline/promotion.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import { recordAudit, sha256, type Actor } from '../audit/record.ts';
import { runsLeft } from '../merge/note.ts';
import type { Upload, UploadProgress } from '../merge/upload.ts';
import { NO_NEW_RUNS } from '../runs/create-run.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { readPromotion, writePromotion } from './promotion.ts';

/** What may be relied on when the copy is deleted. */
export interface BroughtHome {
  verified_at: string;
  /** By kind. */
  counts: Record<string, number>;
  hash: string;
  /** For people to look at, at central. */
  conflicts: number;
}

export interface HomeComingOptions {
  db: Database;
  clock: Clock;
  /** Makes the upload; it is started by this. null: this machine has nothing by which central takes what it did. */
  upload: ((onChange: (progress: UploadProgress) => void) => Upload) | null;
  /** Cancels what has not ended. */
  cancelRuns: (by: Actor) => Promise<void>;
  /** Ends the links of all workers: they go home. */
  sendHome: (reason: string) => void;
}

const NO_CREDENTIAL =
  'This machine has no credential for the central coordinator. While the worker on it is connected there, it gets one; then promote again.';

export class HomeComing {
  readonly #options: HomeComingOptions;
  readonly #upload: Upload | null;
  #draining = false;
  #sentHomeAt: number | null = null;
  #atHome!: (home: BroughtHome) => void;
  /** Resolves once the promotion has ended, all is at home, both sides have the same, and the workers are sent there. */
  readonly broughtHome = new Promise<BroughtHome>((resolve) => (this.#atHome = resolve));

  static async open(options: HomeComingOptions): Promise<HomeComing> {
    const promotion = await options.db.read(readPromotion);
    const home = new HomeComing(options, promotion?.draining_since != null);
    home.#upload?.start();
    return home;
  }

  private constructor(options: HomeComingOptions, draining: boolean) {
    this.#options = options;
    this.#draining = draining;
    this.#upload = options.upload?.((progress) => this.#follow(progress)) ?? null;
  }

  async state(): Promise<Homecoming> {
    const { db } = this.#options;
    const progress = this.#upload?.progress;
    if (!progress) return { ...NOTHING, state: 'refused', detail: NO_CREDENTIAL, runs_to_bring: await runsLeft(db) };
    const { state, detail, sent, total, verifiedAt, answer } = progress;
    const summary = answer?.summary ?? null;
    return {
      state,
      detail,
      runs_to_bring: state === 'verified' ? 0 : await db.read(runsNotThere),
      sent,
      total,
      verified_at: isoTimeOrNull(verifiedAt),
      counts: summary && countsOf(summary),
      hash: summary && hashOf(summary),
      conflicts: answer?.conflicts ?? null,
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
    this.#draining = true;
    if (now) await cancelRuns(by);
    this.#upload?.retryNow();
  }

  async stop(): Promise<void> {
    await this.#upload?.stop();
  }

  /** Only a comparison that was begun after the workers were sent home tells that nothing is left here. */
  #follow({ state, verifiedAt, answer }: UploadProgress): void {
    const { clock, sendHome } = this.#options;
    if (!this.#draining || state !== 'verified' || verifiedAt === null || !answer?.summary) return;
    if (this.#sentHomeAt === null) {
      this.#sentHomeAt = clock.now();
      sendHome('all that was done here is at the central coordinator');
      this.#upload?.retryNow();
    } else if (verifiedAt > this.#sentHomeAt) {
      const { summary, conflicts } = answer;
      this.#atHome({ verified_at: isoTime(verifiedAt), counts: countsOf(summary), hash: hashOf(summary), conflicts });
    }
  }
}

const NOTHING = { sent: 0, total: 0, verified_at: null, counts: null, hash: null, conflicts: null } as const;

function countsOf({ kinds, blobs }: JournalSummary): Record<string, number> {
  const counts = Object.entries(kinds).map(([kind, { count }]) => [kind, count]);
  return Object.fromEntries([...counts, ['file', blobs.count]]) as Record<string, number>;
}

function hashOf({ kinds, blobs }: JournalSummary): string {
  const lines = Object.entries(kinds).map(([kind, { count, sum }]) => `${kind} ${count} ${sum}`);
  return sha256([...lines.sort(), `file ${blobs.count} ${blobs.sum}`].join('\n'));
}

/** Runs of here of which central has not acknowledged everything. */
async function runsNotThere(r: ReadHandle): Promise<number> {
  const row = await r.get<{ n: number }>(
    `SELECT count(*) AS n FROM runs WHERE id NOT IN (SELECT id FROM merged WHERE kind = 'run')
       AND (id NOT IN (SELECT id FROM journal WHERE kind = 'run') OR id IN (SELECT run_id FROM journal WHERE acknowledged < rev AND run_id IS NOT NULL))`,
  );
  return row?.n ?? 0;
}
