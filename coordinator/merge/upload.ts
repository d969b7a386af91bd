/**
 * On a promoted coordinator: brings home what it did, in the background, until both sides have the same. It can be stopped or killed anywhere: what is
 * acknowledged is noted, and what was on its way is brought again, which changes nothing.
 */
import { stat } from 'node:fs/promises';
import { backoffMs, type Backoff } from '../../shared/base/backoff.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { MAX_MISSING_HASHES } from '../../shared/protocol/blobs.ts';
import {
  JOURNAL_VERSION,
  type JournalEntry,
  type JournalSummary,
  type VerifyAnswer,
} from '../../shared/protocol/offline/journal.ts';
import type { Database } from '../storage/database.ts';
import { referencedBlobs, type BlobFiles } from './blobs.ts';
import { CentralRefused, type Central } from './central.ts';
import { noteAll, runsLeft } from './note.ts';
import { ownOrigin } from './origins.ts';
import { bringAgain, journalFigures, markAcknowledged, nextBatch } from './outgoing.ts';
import { summariseOwn } from './verify.ts';

export interface UploadOptions {
  db: Database;
  store: BlobFiles;
  clock: Clock;
  central: Central;
  /** Newest migration of the database. */
  schema: number;
  random: () => number;
  /** Progress has changed. */
  onChange: (progress: UploadProgress) => void;
}

export interface UploadProgress {
  /**
   * uploading: on its way. waiting: all that is over is there, and runs go on here. unreachable: tried again at `retryAt`. refused: somebody has to do
   * something, `detail` says what; it goes on by itself then. verified: both sides have the same.
   */
  state: 'uploading' | 'waiting' | 'unreachable' | 'refused' | 'verified';
  detail: string | null;
  /** Entries of the journal. */
  total: number;
  sent: number;
  /** Runs that are not over yet. */
  runsLeft: number;
  blobs: { total: number; sent: number };
  retryAt: number | null;
  verifiedAt: number | null;
  /** Of the last comparison. */
  answer: VerifyAnswer | null;
}

const BACKOFF: Backoff = { baseMs: 1_000, maxMs: 60_000 };
/** How often it looks for runs that have ended, and asks whether all is in place. */
const LOOK_MS = 2_000;
/** How long not to compare behind a comparison, as a multiple of what it took, and at most. */
const PAUSE = 20;
const MOST_PAUSE_MS = 30_000;
/** A working tree is thousands of small files, each synced to the disk over there: one by one they would take minutes. */
const FILES_AT_ONCE = 8;
/** Comparisons that may fail before somebody is asked to look: each one brings again what differs. */
const MOST_DIFFERENCES = 3;

export class Upload {
  readonly #options: UploadOptions;
  #progress: UploadProgress;
  #stopped = false;
  #asked = false;
  #wake = (): void => undefined;
  #loop: Promise<void> | null = null;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#progress = {
      state: 'uploading',
      detail: null,
      total: 0,
      sent: 0,
      runsLeft: 0,
      blobs: { total: 0, sent: 0 },
      retryAt: null,
      verifiedAt: null,
      answer: null,
    };
  }

  get progress(): UploadProgress {
    return this.#progress;
  }

  /** Goes on until `stop()`, also once both sides have the same: what is done here later is brought, too. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Does not wait out a pause, and compares anew. */
  retryNow(): void {
    this.#asked = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { db, clock, random } = this.#options;
    // Comparing reads everything on both sides: at once where something is new or somebody asks, else now and then.
    let compareAt = 0;
    for (let failures = 0; !this.#stopped;) {
      const isAsked = this.#asked;
      this.#asked = false;
      try {
        const isNew = (await noteAll(db, { again: false })) > 0;
        if (isNew || isAsked || clock.monotonic() >= compareAt) {
          const began = clock.monotonic();
          await this.bringOnce();
          const ended = clock.monotonic();
          compareAt = ended + Math.min(MOST_PAUSE_MS, (ended - began) * PAUSE);
        } else await this.#look();
        failures = 0;
        if (!this.#asked) await this.#pause(LOOK_MS);
      } catch (error) {
        failures += 1;
        compareAt = 0;
        const wait = backoffMs(BACKOFF, failures, random);
        const isRefused = error instanceof CentralRefused && !error.isPassing;
        this.#tell({
          state: isRefused ? 'refused' : 'unreachable',
          detail: textOf(error),
          retryAt: clock.now() + wait,
        });
        if (!this.#asked) await this.#pause(wait);
      }
    }
  }

  /** A run that begins here makes an end of "both sides have the same". */
  async #look(): Promise<void> {
    const figures = await this.#figures();
    const { state } = this.#progress;
    this.#tell(
      state === 'verified' && figures.runsLeft > 0 ? { ...figures, state: 'waiting', verifiedAt: null } : figures,
    );
  }

  /**
   * Brings all that is over now, and compares. Resolves with whether both sides have the same and nothing goes on here any more. Throws CentralRefused, or
   * what the connection failed of: call it again, it goes on where it was.
   */
  async bringOnce(): Promise<boolean> {
    const { db, store, central, schema, clock } = this.#options;
    const { id, name, slot, promotedAt } = await db.read(ownOrigin);
    await central.announce(id, { version: JOURNAL_VERSION, schema, name, slot, promoted_at: promotedAt ?? 0 });
    for (let differences = 0; !this.#stopped;) {
      await noteAll(db, { again: true });
      await this.#sendEntries(id);
      await this.#sendBlobs();
      const left = await runsLeft(db);
      const own = await summariseOwn(db, store);
      const answer = await this.#compare(id, own);
      this.#tell({ answer, runsLeft: left });
      if (await this.#isEqual(answer, own)) {
        const isDone = left === 0;
        this.#tell({
          state: isDone ? 'verified' : 'waiting',
          detail: isDone ? null : goingOn(left),
          verifiedAt: isDone ? clock.now() : null,
          retryAt: null,
        });
        return isDone;
      }
      if (++differences > MOST_DIFFERENCES) throw new CentralRefused(409, 'different', whyDifferent(answer));
      await bringAgain(db, answer.differs);
    }
    return false;
  }

  /** Asks until all that came is in place there. */
  async #compare(origin: string, own: JournalSummary): Promise<VerifyAnswer> {
    for (;;) {
      const answer = await this.#options.central.verify(origin, own);
      if (answer.waiting === 0 || this.#stopped) return answer;
      this.#tell({ state: 'uploading', detail: `${answer.waiting} entries are being put in place`, answer });
      await this.#pause(LOOK_MS / 10);
    }
  }

  /** While one batch is under way the next one is made ready. */
  async #sendEntries(origin: string): Promise<void> {
    const { db } = this.#options;
    this.#tell({ ...(await this.#figures()) });
    let sending = Promise.resolve();
    for (let underWay = 0, isMore = true; isMore && !this.#stopped;) {
      // What is under way may be acknowledged just then: what is left out too much comes with the next look.
      const [batch] = await allEnded([nextBatch(db, underWay), sending]);
      isMore = batch.length > 0 || underWay > 0;
      underWay = batch.length;
      sending = underWay > 0 && !this.#stopped ? this.#sendBatch(origin, batch) : Promise.resolve();
    }
    await sending;
    this.#tell(await this.#figures());
  }

  async #sendBatch(origin: string, batch: JournalEntry[]): Promise<void> {
    const { db, central, schema } = this.#options;
    this.#tell({ state: 'uploading', detail: null, retryAt: null });
    await central.send(origin, { version: JOURNAL_VERSION, schema, entries: batch });
    await markAcknowledged(db, batch);
    this.#tell({ sent: Math.min(this.#progress.total, this.#progress.sent + batch.length) });
  }

  /** Trees come before what is in them is asked for, so that the other side can look into them. */
  async #sendBlobs(): Promise<void> {
    const { db, store, central } = this.#options;
    const runs = await db.read((r) => r.all<{ id: string }>("SELECT id FROM journal WHERE kind = 'run' ORDER BY id"));
    const blobs = [
      ...(await referencedBlobs(
        db,
        store,
        runs.map(({ id }) => id),
      )),
    ];
    const lacking: string[] = [];
    for (let at = 0; at < blobs.length; at += MAX_MISSING_HASHES)
      lacking.push(...(await central.missing(blobs.slice(at, at + MAX_MISSING_HASHES))));
    const begun = blobs.length - lacking.length;
    this.#tell({ blobs: { total: blobs.length, sent: begun } });
    const left = lacking.values();
    let isBroken = false;
    const bring = async (): Promise<void> => {
      for (const sha256 of left) {
        const file = await store.fileOf(sha256);
        // Bytes that a worker never brought are missing on both sides.
        if (file === null) continue;
        if (this.#stopped || isBroken) return;
        await central.putBlob(sha256, file, (await stat(file)).size).catch((error: unknown) => {
          isBroken = true;
          throw error;
        });
        const sent = this.#progress.blobs.sent + 1;
        const detail = `${sent - begun} of ${lacking.length} files brought`;
        this.#tell({ state: 'uploading', detail, blobs: { total: blobs.length, sent } });
      }
    };
    await allEnded(Array.from({ length: FILES_AT_ONCE }, bring));
    if (lacking.length > 0) this.#tell({ detail: null });
  }

  async #isEqual(answer: VerifyAnswer, own: JournalSummary): Promise<boolean> {
    if (!answer.equal || answer.summary?.blobs.sum !== own.blobs.sum) return false;
    const lacking = new Set(await this.#options.store.missing(answer.missing));
    return answer.missing.every((hash) => lacking.has(hash));
  }

  async #figures(): Promise<Pick<UploadProgress, 'total' | 'sent' | 'runsLeft'>> {
    const { total, acknowledged } = await this.#options.db.read(journalFigures);
    return { total, sent: acknowledged, runsLeft: await runsLeft(this.#options.db) };
  }

  #tell(change: Partial<UploadProgress>): void {
    this.#progress = { ...this.#progress, ...change };
    this.#options.onChange(this.#progress);
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Whatever fails, nothing of it goes on behind. */
async function allEnded<T extends readonly unknown[]>(
  all: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(all);
  return Promise.all(all);
}

const goingOn = (runs: number): string =>
  runs === 1
    ? 'one run goes on here; it is brought when it has ended'
    : `${runs} runs go on here; they are brought when they have ended`;

function whyDifferent({ differs, refused, missing }: VerifyAnswer): string {
  const held = refused > 0 ? ` It cannot hold ${refused} entries.` : '';
  const lacks = missing.length > 0 ? ` It lacks ${missing.length} files.` : '';
  return `Both sides still differ in ${differs.join(', ') || 'files'}.${held}${lacks} Nothing is deleted here; look at both logs.`;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
