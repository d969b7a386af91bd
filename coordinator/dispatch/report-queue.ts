/**
 * The reports of all workers on their way to the database. Begins and finishes that arrive in one turn of the event loop become one
 * command, which costs a fraction of as many single ones; everything else is a command of its own, and no report overtakes another.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Report } from '../../shared/protocol/link.ts';
import { StorageFullError, StorageLockedError, type Database, type WriteHandle } from '../storage/database.ts';
import type { ReportAnswer } from './report-answer.ts';

export interface WorkerReport {
  workerId: string;
  report: Report;
}

export interface ReportQueueOptions {
  db: Database;
  clock: Clock;
  /** Carries out reports inside a command; one answer each, in their order. */
  onReports: (w: WriteHandle, reports: readonly WorkerReport[], now: number) => Promise<ReportAnswer[]>;
}

interface Batch {
  reports: WorkerReport[];
  answers: Promise<ReportAnswer[]>;
}

export class ReportQueue {
  readonly #options: ReportQueueOptions;
  /** Not begun yet, and nothing was queued behind it: reports may still join. */
  #open: Batch | null = null;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
  }

  /** Resolves when the report is durable; rejects where it could not be stored. */
  async add(workerId: string, report: Report): Promise<ReportAnswer> {
    const item = { workerId, report };
    if (report.kind !== 'begin' && report.kind !== 'finish') {
      this.#open = null;
      return this.#alone(item);
    }
    const batch = (this.#open ??= this.#newBatch());
    const index = batch.reports.push(item) - 1;
    try {
      const answer = (await batch.answers)[index];
      if (!answer) throw new Error('a report was not answered');
      return answer;
    } catch (error) {
      if (error instanceof StorageFullError || error instanceof StorageLockedError || batch.reports.length === 1)
        throw error;
      // One of them broke the command of all: the others must not suffer for it.
      return this.#alone(item);
    }
  }

  #newBatch(): Batch {
    const { db, clock, onReports } = this.#options;
    const reports: WorkerReport[] = [];
    const batch: Batch = {
      reports,
      answers: db.write((w) => {
        if (this.#open === batch) this.#open = null;
        return onReports(w, reports, clock.now());
      }),
    };
    return batch;
  }

  async #alone(item: WorkerReport): Promise<ReportAnswer> {
    const { db, clock, onReports } = this.#options;
    const [answer] = await db.write((w) => onReports(w, [item], clock.now()));
    if (!answer) throw new Error('a report was not answered');
    return answer;
  }
}
