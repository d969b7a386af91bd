/** Takes backups when they are due or asked for, one at a time, and knows how they went. */
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import { recordAudit, SYSTEM, type Actor } from '../audit/record.ts';
import { Refusal } from '../http/refusal.ts';
import type { Database } from '../storage/database.ts';
import {
  beginAttempt,
  endAttempt,
  endCutOff,
  lastAttempts,
  lastGood,
  type AttemptRow,
  type Outcome,
} from './attempts.ts';
import { backUpIntoFolder, type BackedUp } from './back-up.ts';
import { BackupError } from './failures.ts';
import { isDue, warningsOf, type Tried } from './rules/standing.ts';
import type { BackupSettings } from './settings.ts';

export interface BackupKeeperOptions {
  db: Database;
  clock: Clock;
  dataDir: string;
  /** Of this Playfleet. */
  version: string;
  settings: () => BackupSettings;
  report: (error: unknown, during: string) => void;
}

export interface Wanted {
  trigger: AttemptRow['trigger'];
  /** Shown as the one who wanted it. */
  by: string;
  actor: Actor;
  artifacts: boolean;
}

export interface BackupStanding {
  /** When what the newest good one holds was fixed; null: there is none. */
  lastGoodAt: number | null;
  warnings: string[];
}

const TICK_MS = 60_000;
/** As many as a schedule may have tried since it was due. */
const LOOKED_AT = 50;

export class BackupKeeper {
  readonly #options: BackupKeeperOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  /** Newest first. */
  #tried: Tried[] = [];
  #good: AttemptRow | null = null;
  #cancel: () => void = () => {};

  /** Ends what the process before left; the schedule counts from now on. */
  static async open(options: BackupKeeperOptions): Promise<BackupKeeper> {
    const { db, clock } = options;
    const cutOff = 'The coordinator ended while it was being taken. What was there of it is removed.';
    await db.write((w) => endCutOff(w, cutOff, clock.now()));
    const keeper = new BackupKeeper(options);
    await keeper.#look();
    keeper.#schedule();
    return keeper;
  }

  private constructor(options: BackupKeeperOptions) {
    this.#options = options;
  }

  /** Ends one that is being taken; nothing of it stays. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#abort.abort(new BackupError('The coordinator was stopped while it was being taken.'));
    await this.#running;
  }

  /** Begins one, and returns its id at once. `ended` resolves when it is done or has failed. Throws a 409 while one is being taken. */
  async take(wanted: Wanted): Promise<{ id: string; ended: Promise<void> }> {
    if (this.#running) throw new Refusal(409, 'backup_running', 'A backup is being taken just now. Wait for its end.');
    const { db, clock } = this.#options;
    const id = newId(clock.now());
    const begun = Promise.withResolvers<void>();
    this.#running = begun.promise;
    try {
      await db.write((w) => beginAttempt(w, { id, trigger: wanted.trigger, by: wanted.by }, clock.now()));
      await this.#look();
    } catch (error) {
      this.#running = null;
      begun.resolve();
      throw error;
    }
    this.#running = this.#carryOut(id, wanted).finally(() => {
      this.#running = null;
      begun.resolve();
    });
    return { id, ended: this.#running };
  }

  standing(readers: 'everybody' | 'admins' = 'everybody'): BackupStanding {
    const { clock, settings } = this.#options;
    const good = this.#good;
    const known = { tried: this.#tried, lastGoodAt: good?.started_at ?? null };
    const warnings = warningsOf(settings().schedule, known, readers, clock.now());
    return { lastGoodAt: good?.taken_at ?? null, warnings };
  }

  /** Health must not wait for the database. */
  async #look(): Promise<void> {
    const { tried, good } = await this.#options.db.read(async (r) => ({
      tried: await lastAttempts(r, LOOKED_AT),
      good: await lastGood(r),
    }));
    this.#tried = tried.map(({ state, started_at: startedAt, detail }) => ({ state, startedAt, detail }));
    this.#good = good;
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(TICK_MS, () => {
      this.#takeIfDue()
        .catch((error: unknown) => this.#options.report(error, 'looking whether a backup is due'))
        .finally(() => {
          if (!this.#abort.signal.aborted) this.#schedule();
        });
    });
  }

  async #takeIfDue(): Promise<void> {
    const { clock, settings } = this.#options;
    const { schedule, artifacts } = settings();
    if (this.#running || !isDue(schedule, this.#tried, clock.now())) return;
    await this.take({ trigger: 'scheduled', by: 'schedule', actor: SYSTEM, artifacts });
  }

  async #carryOut(id: string, wanted: Wanted): Promise<void> {
    const { db, clock, report, dataDir, version, settings } = this.#options;
    const { folder, passphrase, keep } = settings();
    let blocked = 0;
    let outcome: Outcome;
    try {
      const done = await backUpIntoFolder({
        folder,
        dataDir,
        version,
        passphrase,
        withKeys: false,
        withArtifacts: wanted.artifacts,
        keep: wanted.trigger === 'scheduled' ? keep : null,
        now: () => clock.now(),
        freeze: (copy) =>
          db.frozen((blockedMs) => {
            blocked = blockedMs;
            return copy(clock.now());
          }),
        signal: this.#abort.signal,
      });
      outcome = outcomeOf(done, blocked);
    } catch (error) {
      report(error, 'taking a backup');
      const detail = error instanceof Error ? error.message : String(error);
      outcome = { state: 'failed', backup: null, taken_at: null, detail, written_bytes: null, blocked_ms: null };
    }
    try {
      await this.#note(id, wanted, outcome);
      await this.#look();
    } catch (error) {
      // The next start finds it begun and not ended, and says so.
      report(error, 'noting how a backup went');
    }
  }

  async #note(id: string, { by, actor }: Wanted, outcome: Outcome): Promise<void> {
    const { db, clock } = this.#options;
    const now = clock.now();
    await db.write(async (w) => {
      await endAttempt(w, id, outcome, now);
      const { backup, detail, written_bytes: bytes } = outcome;
      if (backup === null) {
        await w.event({ type: 'backup.failed', data: { by, detail: detail ?? '' } });
        return;
      }
      await w.event({ type: 'backup.done', data: { backup, by, bytes: bytes ?? 0 } });
      await recordAudit(w, { ...actor, action: 'backup.taken', target: backup }, now);
    });
  }
}

function outcomeOf({ manifest, writtenBytes, removed }: BackedUp, blocked: number): Outcome {
  const { name, taken_at, artifacts } = manifest;
  const notes: string[] = [];
  if (artifacts && artifacts.missing > 0)
    notes.push(`${artifacts.missing} artifacts are not in it: the coordinator's disk has lost or damaged them.`);
  if (removed.length > 0) notes.push(`It took the place of ${removed.join(', ')}.`);
  return {
    state: 'done',
    backup: name,
    taken_at: Date.parse(taken_at),
    detail: notes.length === 0 ? null : notes.join(' '),
    written_bytes: writtenBytes,
    blocked_ms: Math.round(blocked * 10) / 10,
  };
}
