/** Makes the report of each run that has ended, one at a time, in a child process; takes up after a restart what was left unfinished. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import type { Database } from '../storage/database.ts';
import { mergeReports, ReportMergeError } from './merge-reports.ts';
import { planReport } from './plan-report.ts';
import { storeReport, type ReportStore, type StoredReport } from './store-report.ts';

export interface ReportLoopOptions {
  db: Database;
  clock: Clock;
  store: ReportStore;
  /** Absolute folder for work in progress. */
  workDir: string;
  nodePath: string;
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

/** After this many failures in a row of one report it is given up, with the reason in the run. */
const MAX_TRIES = 2;

export class ReportLoop {
  readonly #options: ReportLoopOptions;
  readonly #abort = new AbortController();
  readonly #unsubscribe: () => void;
  #working: Promise<void> | null = null;
  #again = false;

  /** Begins at once with what is left from before. */
  constructor(options: ReportLoopOptions) {
    this.#options = options;
    this.#unsubscribe = options.db.onCommitted((events) => {
      if (events.some((event) => event.type === 'run.state' && FINAL.has(String(event.data.to)))) this.#wake();
    });
    this.#wake();
  }

  /** Stops the merge that goes on; it begins anew with the next start. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#abort.abort();
    await this.#working;
  }

  #wake(): void {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false;
      for (let runId = await this.#next(); runId !== null && !this.#abort.signal.aborted; runId = await this.#next()) {
        await this.#make(runId);
      }
    }
  }

  async #next(): Promise<string | null> {
    try {
      const row = await this.#options.db.read((r) =>
        r.get<{ id: string }>(
          `SELECT id FROM runs WHERE report_state IN ('none', 'merging') AND completed_at IS NOT NULL ORDER BY completed_at LIMIT 1`,
        ),
      );
      return row?.id ?? null;
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'looking for runs without a report failed');
      return null;
    }
  }

  async #make(runId: string): Promise<void> {
    const { log } = this.#options;
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      try {
        await this.#setState(runId, 'merging', null);
        const report = await this.#merge(runId);
        if (report === null) {
          await this.#setState(runId, 'failed', { message: 'No test was planned, so there is nothing to report' });
          return;
        }
        await this.#setState(runId, 'ready', report);
        log.info({ runId, tests: report.tests, missing: report.missing.length }, 'report is ready');
        return;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        const output = error instanceof ReportMergeError ? error.output : undefined;
        log.warn({ runId, attempt, error: String(error), output }, 'a report could not be made');
        if (attempt === MAX_TRIES) await this.#giveUp(runId, error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** null where the run has no tests at all. */
  async #merge(runId: string): Promise<StoredReport | null> {
    const { db, store, workDir, nodePath, clock } = this.#options;
    const tests = await db.read((r) =>
      r.get<{ n: number }>('SELECT count(*) AS n FROM tests WHERE run_id = ?', [runId]),
    );
    if (tests?.n === 0) return null;
    const outDir = path.join(workDir, runId);
    try {
      const plan = await planReport(db, {
        runId,
        outDir,
        fileOf: (sha256) => store.fileOf(sha256),
        artifactsDir: store.dir,
      });
      const result = await mergeReports(plan, { nodePath, signal: this.#abort.signal, clock });
      return await storeReport(store, outDir, result);
    } finally {
      await rm(outDir, { recursive: true, force: true });
    }
  }

  async #giveUp(runId: string, message: string): Promise<void> {
    await this.#setState(runId, 'failed', { message }).catch((error: unknown) => {
      this.#options.log.warn({ runId, error: String(error) }, 'the failure of a report could not be stored');
    });
  }

  async #setState(
    runId: string,
    state: 'merging' | 'ready' | 'failed',
    report: StoredReport | { message: string } | null,
  ): Promise<void> {
    const message = report === null ? null : report.message;
    await this.#options.db.write(async (w) => {
      await w.run('UPDATE runs SET report_state = ?, report = ? WHERE id = ?', [
        state,
        report && JSON.stringify(report),
        runId,
      ]);
      await w.event({ type: 'report.state', runId, data: { state, message } });
    });
  }
}

const FINAL = new Set(['completed', 'failed', 'cancelled']);
